// Tells whoever manages the process how it is (sd_notify(3)).

internal import CLinux
internal import Glibc
public import NetTypes

/// The service manager that started the process, systemd for example; nobody, if none did.
public struct ServiceManager: Sendable {
  /// What it can be told.
  public enum State: Equatable, Sendable {
    case ready
    /// Until the next ``ready``.
    case reloading(since: Instant)
    case stopping

    var text: String {
      switch self {
      case .ready: "READY=1"
      case .reloading(let since):
        // systemd pairs the two by the time (systemd.service(5), Type=notify-reload).
        "RELOADING=1\nMONOTONIC_USEC=\(since.nanoseconds / 1_000)"
      case .stopping: "STOPPING=1"
      }
    }
  }

  private let socketPath: String?

  /// - Parameter socketPath: where it listens for datagrams; `@` stands for the first byte of a
  ///   name that is in no file system.
  public init(socketPath: String?) { self.socketPath = socketPath }

  /// The one that the environment of the process names.
  public static var ofProcess: ServiceManager {
    let value = unsafe getenv("NOTIFY_SOCKET")
    return ServiceManager(socketPath: unsafe value.map { unsafe String(cString: $0) })
  }

  /// Sends it; that nobody listens is no failure of ours.
  public func tell(_ state: State) {
    guard let socketPath, !socketPath.isEmpty else { return }
    let text = Array(state.text.utf8)
    unsafe text.withUnsafeBufferPointer { bytes in
      _ = unsafe parley_notify(socketPath, bytes.baseAddress, bytes.count)
    }
  }
}
