// parleyctl: shows the rooms and allocations of a running server, and lets it drain.

import Configuration
import Foundation

@main struct Parleyctl {
  /// The server did not answer, or knows nothing of what was asked for.
  private static let failed: Int32 = 1

  static func main() {
    let settings = Settings.table.parseOrExit(into: Settings())
    do {
      let reply = try AdminClient.ask(settings.path, at: settings.admin)
      print(try Presentation(settings).text(of: reply))
    } catch {
      FileHandle.standardError.write(Data("parleyctl: \(error.message)\n".utf8))
      exit(failed)
    }
  }
}
