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
  /// A method on a wrapper is what reaches into an optional without copying its value out.
  @usableFromInline struct Tenant {
    @usableFromInline var value: Element

    @usableFromInline init(value: Element) { self.value = value }

    @inlinable mutating func update<R>(_ body: (inout Element) -> R) -> R { body(&value) }
  }

  @usableFromInline struct Place {
    /// In front, where whoever looks at it also finds the beginning of the value.
    @usableFromInline var generation: UInt32
    @usableFromInline var tenant: Tenant?

    @usableFromInline init(generation: UInt32, tenant: Tenant?) {
      self.generation = generation
      self.tenant = tenant
    }
  }

  @usableFromInline var places: [Place] = []
  @usableFromInline var free: [Int32] = []
  /// The most values the slab takes; ``insert(_:)`` says `nil` beyond it.
  public let capacity: Int

  /// How many values there are.
  @inlinable public var count: Int { places.count - free.count }

  public init(capacity: Int) {
    precondition(capacity >= 0 && capacity <= Int(Int32.max))
    self.capacity = capacity
  }

  /// Puts `element` into a free place; `nil` when ``capacity`` is reached.
  @inlinable public mutating func insert(_ element: Element) -> SlabHandle? {
    if let index = free.popLast() {
      places[Int(index)].tenant = Tenant(value: element)
      return SlabHandle(index: index, generation: places[Int(index)].generation)
    }
    guard places.count < capacity else { return nil }
    places.append(Place(generation: 0, tenant: Tenant(value: element)))
    return SlabHandle(index: Int32(places.count - 1), generation: 0)
  }

  /// Takes the value out; a handle to an earlier tenant gives `nil` and changes nothing.
  @discardableResult
  @inlinable public mutating func remove(_ handle: SlabHandle) -> Element? {
    guard contains(handle) else { return nil }
    let index = Int(handle.index)
    let element = places[index].tenant?.value
    places[index].tenant = nil
    places[index].generation &+= 1
    free.append(handle.index)
    return element
  }

  @inlinable public func contains(_ handle: SlabHandle) -> Bool {
    let index = Int(handle.index)
    return index >= 0 && index < places.count && places[index].generation == handle.generation
      && places[index].tenant != nil
  }

  /// The handle of whoever lives at `index` now.
  @inlinable public func handle(at index: Int) -> SlabHandle? {
    guard index >= 0, index < places.count, places[index].tenant != nil else { return nil }
    return SlabHandle(index: Int32(index), generation: places[index].generation)
  }

  /// A copy of the value; `nil` for a stale handle. Assigning to a stale handle changes nothing,
  /// and assigning `nil` is no removal: ``remove(_:)`` is.
  @inlinable public subscript(handle: SlabHandle) -> Element? {
    get { contains(handle) ? places[Int(handle.index)].tenant?.value : nil }
    set {
      guard contains(handle), let newValue else { return }
      places[Int(handle.index)].tenant?.value = newValue
    }
  }

  /// Changes the value where it is, without a copy and without the heap; `nil` for a stale handle.
  @inlinable public mutating func update<R>(_ handle: SlabHandle, _ body: (inout Element) -> R)
    -> R?
  {
    guard contains(handle) else { return nil }
    return places[Int(handle.index)].tenant?.update(body)
  }

  /// Looks at whoever lives at `index`, without a copy; `nil` for an empty place.
  @inlinable public func value<R>(at index: Int, _ body: (borrowing Element) -> R) -> R? {
    guard index >= 0, index < places.count, let tenant = places[index].tenant else { return nil }
    return body(tenant.value)
  }

  /// Handles of everything that lives, in order of index.
  public var handles: [SlabHandle] {
    places.indices.compactMap { handle(at: $0) }
  }
}
