// What waits in the queues of many streams together.

internal import Synchronization

/// Bytes that wait to be written on all streams that are counted in it, whichever loop has them;
/// but for queues that never were longer than ``countedMin`` since they were empty.
public final class QueueTotal: Sendable {
  /// Bytes of a queue from which on it is counted.
  public static let countedMin = 4_096

  private let count = Atomic<Int>(0)

  public init() {}

  /// Bytes that wait now.
  public var bytes: Int { count.load(ordering: .relaxed) }

  func changed(by change: Int) {
    if change != 0 { count.add(change, ordering: .relaxed) }
  }
}
