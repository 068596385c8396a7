// Why there is nothing to show, in one line.

import Configuration
import EventLoop

/// A failure that ends the program.
struct Failure: Error, Equatable {
  let message: String

  static func nobody(at address: AdminAddress) -> Failure {
    Failure(
      message: "nobody answers at \(address); start the server with --admin \(address), or tell"
        + " where it is by --admin")
  }

  static func silent(_ address: AdminAddress, seconds: Int64) -> Failure {
    Failure(message: "\(address) does not answer within \(seconds) s")
  }

  static func hungUp(_ address: AdminAddress) -> Failure {
    Failure(message: "\(address) closed the connection without an answer")
  }

  static func foreign(_ address: AdminAddress) -> Failure {
    Failure(message: "what answers at \(address) is not the admin endpoint of a Parley server")
  }

  /// A connection that the system did not open.
  init(_ error: SystemError, at address: AdminAddress) {
    switch error.code {
    case 2 /* ENOENT */, 111 /* ECONNREFUSED */: self = .nobody(at: address)
    case 13 /* EACCES */:
      self.init(message: "\(address) is not open to you: it is for the user that runs the server")
    default: self.init(message: error.description)
    }
  }

  init(message: String) { self.message = message }
}
