// A table of values at stable small indices, with handles that notice when a place was given away.

/// Where a value sits in a ``Slab``, and which of the place's successive tenants is meant.
public struct SlabHandle: Hashable, Sendable {
  public let index: Int32
  public let generation: UInt32

  @inlinable public init(index: Int32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// Both numbers in one word, for a place that holds only a word (an epoll event, a timer).
  @inlinable public var packed: UInt64 {
    UInt64(generation) << 32 | UInt64(UInt32(bitPattern: index))
  }

  @inlinable public init(packed: UInt64) {
    index = Int32(truncatingIfNeeded: packed)
    generation = UInt32(truncatingIfNeeded: packed >> 32)
  }
}

/// Values at indices that do not move while they live; freed places are used again, last first.
public struct Slab<Element> {
  @usableFromInline struct Place {
    @usableFromInline var element: Element?
    @usableFromInline var generation: UInt32
  }

  @usableFromInline var places: [Place] = []
  @usableFromInline var free: [Int32] = []
  /// The most values the slab takes; ``insert(_:)`` says `nil` beyond it.
  public let capacity: Int
  public private(set) var count = 0

  public init(capacity: Int) {
    precondition(capacity >= 0 && capacity <= Int(Int32.max))
    self.capacity = capacity
  }

  /// Puts `element` into a free place; `nil` when ``capacity`` is reached.
  public mutating func insert(_ element: Element) -> SlabHandle? {
    if let index = free.popLast() {
      count += 1
      places[Int(index)].element = element
      return SlabHandle(index: index, generation: places[Int(index)].generation)
    }
    guard places.count < capacity else { return nil }
    count += 1
    places.append(Place(element: element, generation: 0))
    return SlabHandle(index: Int32(places.count - 1), generation: 0)
  }

  /// Takes the value out; a handle to an earlier tenant gives `nil` and changes nothing.
  @discardableResult
  public mutating func remove(_ handle: SlabHandle) -> Element? {
    guard contains(handle) else { return nil }
    let index = Int(handle.index)
    let element = places[index].element
    places[index].element = nil
    places[index].generation &+= 1
    free.append(handle.index)
    count -= 1
    return element
  }

  @inlinable public func contains(_ handle: SlabHandle) -> Bool {
    let index = Int(handle.index)
    return index >= 0 && index < places.count && places[index].generation == handle.generation
      && places[index].element != nil
  }

  /// The handle of whoever lives at `index` now.
  @inlinable public func handle(at index: Int) -> SlabHandle? {
    guard index >= 0, index < places.count, places[index].element != nil else { return nil }
    return SlabHandle(index: Int32(index), generation: places[index].generation)
  }

  /// Reads or writes the value in place; `nil` for a stale handle. Writing `nil` is not a removal and
  /// is refused as our own mistake.
  @inlinable public subscript(handle: SlabHandle) -> Element? {
    get { contains(handle) ? places[Int(handle.index)].element : nil }
    _modify {
      precondition(contains(handle), "stale slab handle")
      yield &places[Int(handle.index)].element
      precondition(places[Int(handle.index)].element != nil, "remove(_:) takes values out")
    }
  }

  /// Handles of everything that lives, in order of index.
  public var handles: [SlabHandle] {
    places.indices.compactMap { handle(at: $0) }
  }
}
