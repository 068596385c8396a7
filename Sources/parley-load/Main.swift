// parley-load: a bounded load on a server, and what became of it.

internal import Configuration
internal import EventLoop
internal import Glibc
internal import Logging

@main struct ParleyLoad {
  static func main() {
    do {
      switch CommandLine.arguments.dropFirst().first {
      case RelayOptions.command:
        let options = RelayOptions.table.parseOrExit(into: RelayOptions())
        end(try RelayLoad(options).run(), json: options.json)
      case SignalOptions.command:
        let options = SignalOptions.table.parseOrExit(into: SignalOptions())
        guard let url = options.url else { return }
        end(try SignalLoad(options, url).run(), json: options.json)
      case FloodOptions.command:
        let options = FloodOptions.table.parseOrExit(into: FloodOptions())
        guard let url = options.calm.url else { return }
        end(try FloodRun(options: options, url: url).run(), json: options.calm.json)
      default:
        _ = Commands.table.parseOrExit(into: NoOptions())
      }
    } catch {
      Log.error("not started", ["reason": .public(error)])
      exit(ExitStatus.unavailable)
    }
  }

  private static func end(_ report: Report, json: Bool) -> Never {
    print(json ? report.json : report.table)
    exit(report.passed ? ExitStatus.success : 1)
  }
}
