// What a process has used so far, for whoever measures another one.

internal import CLinux

/// Processor time and memory of one process, whoever runs it.
public struct ProcessUsage: Sendable {
  /// Of all its threads, in user and in system mode, since it began.
  public let cpuNanoseconds: Int64
  /// Pages in memory, shared ones too; what the kernel keeps for its sockets is not in it.
  public let residentBytes: Int64

  /// As of now; nil when there is no such process.
  public init?(of process: Int32) {
    var cpu: Int64 = 0
    var resident: Int64 = 0
    guard unsafe parley_process_usage(process, &cpu, &resident) == 0 else { return nil }
    cpuNanoseconds = cpu
    residentBytes = resident
  }

  /// Of this process itself.
  public static var own: ProcessUsage? { ProcessUsage(of: parley_process_id()) }
}
