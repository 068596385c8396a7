// parley-instructions [NAME …]: each hot function of the cores some hundred times, between marks.
//
// Prints what it measured, in order, and how many packets or messages that was.
// `Tests/instructions` runs it under callgrind and holds the counts to those in
// Tests/instruction-budgets.json.

import Glibc

@main struct Main {
  static func main() {
    var ruler = Ruler(Set(CommandLine.arguments.dropFirst()))
    var relay = RelayScene()
    relay.measure(&ruler)
    measureFrames(&ruler)
    measureRequests(&ruler)
    var rooms = RoomScene()
    rooms.measure(&ruler)
    guard !ruler.failed.isEmpty else { return }
    print("not what they are there for:", ruler.failed.joined(separator: " "))
    exit(1)
  }
}
