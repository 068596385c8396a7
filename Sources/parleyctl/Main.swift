// parleyctl: shows the rooms and allocations of a running server, and acts on them.

import Configuration
import Foundation

@main struct Parleyctl {
  /// The server did not answer, or knows nothing of what was asked for.
  private static let failed: Int32 = 1

  static func main() {
    let settings = Settings.table.parseOrExit(into: Settings())
    do {
      try run(settings)
    } catch {
      FileHandle.standardError.write(Data("parleyctl: \(error.message)\n".utf8))
      exit(failed)
    }
  }

  private static func run(_ settings: Settings) throws(Failure) {
    if case .completion(let shell) = settings.command {
      print(Settings.table.completion(for: shell), terminator: "")
    } else if let path = settings.path {
      let reply = try AdminClient.ask(path, at: settings.admin)
      print(try Presentation(settings).text(of: reply))
    } else {
      try Watch.run(settings)
    }
  }
}
