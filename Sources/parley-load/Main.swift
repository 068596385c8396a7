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
        end(try RelayRun.run(options))
      case BindingOptions.command:
        let options = BindingOptions.table.parseOrExit(into: BindingOptions())
        end(try BindingLoad.run(options))
      case SignalOptions.command:
        let options = SignalOptions.table.parseOrExit(into: SignalOptions())
        guard let url = options.url else { return }
        try run(options, url)
      case FloodOptions.command:
        let options = FloodOptions.table.parseOrExit(into: FloodOptions())
        guard let url = options.calm.url else { return }
        end(try FloodRun(options: options, url: url).run(), json: options.calm.json)
      default:
        _ = Commands.table.parseOrExit(into: NoOptions())
      }
    } catch {
      Log.error("not started", ["reason": .public("\(error)")])
      exit(ExitStatus.unavailable)
    }
  }

  private static func run(_ options: SignalOptions, _ url: SignalURL) throws {
    if options.onlyJoins {
      end(try JoinLoad(options, url).run(), json: options.json)
    } else if let file = options.plot {
      var plot = PlotRun(
        command: SignalOptions.command, file: file, title: "Signaling: latency over load",
        subtitle: options.shape, unit: "messages")
      try plot.run(PlotRun.loads(upTo: options.totalPerSecond)) { load in
        var step = options
        step.total = load
        return try SignalLoad(step, url).runToEnd().step(step)
      }
      print(options.json ? plot.json : plot.table)
    } else {
      end(try SignalLoad(options, url).run(), json: options.json)
    }
  }

  private static func end(_ report: Report, json: Bool) -> Never {
    end(Ending(report, json: json))
  }

  private static func end(_ ending: Ending) -> Never {
    print(ending.text)
    exit(ending.passed ? ExitStatus.success : 1)
  }
}
