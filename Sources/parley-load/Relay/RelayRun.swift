// What a command line of relay comes to: one run, or a series of them.

internal import EventLoop
internal import NetTypes

enum RelayRun {
  /// Runs it all; returns what is to be said and whether it passed.
  static func run(_ options: RelayOptions) throws -> Ending {
    let streams = try StreamMaker(options)
    if options.allocatesOnly {
      return Ending(try AllocationLoad(options, streams).run(), json: options.json)
    }
    if let file = options.plot { return try draw(options, streams, to: file) }
    guard options.findsMax else {
      return Ending(try RelayLoad(options, streams).run(), json: options.json)
    }
    let senders = options.clients * options.flowsPerClient
    let search = RateSearch(
      from: options.perSecond, most: RelayOptions.perSecondMax / senders)
    let report = try MaxRate.find(search, senders: senders) { rate throws(SystemError) in
      let load = try RelayLoad(options.at(rate), streams)
      let report = try load.run()
      return RateTry(counts: load.counts, report: report, isInterrupted: load.isInterrupted)
    }
    return Ending(report, json: options.json)
  }

  private static func draw(
    _ options: RelayOptions, _ streams: StreamMaker?, to file: String
  ) throws(SystemError) -> Ending {
    var plot = PlotRun(
      command: RelayOptions.command, file: file,
      title: "\(options.server.text) over \(options.transport.text.uppercased())",
      subtitle: "\(options.clients) clients, \(options.packetText)", unit: "packets")
    let senders = options.clients * options.flowsPerClient
    try plot.run(PlotRun.loads(upTo: options.perSecond)) { rate throws(SystemError) in
      let load = try RelayLoad(options.at(rate), streams)
      let report = try load.run()
      var point = load.counts.point
      point.load = Double(rate * senders)
      return PlotStep(point: point, failures: report.failures)
    }
    return Ending(text: options.json ? plot.json : plot.table, passed: true)
  }
}

extension RelayOptions {
  /// The same at another rate.
  func at(_ rate: Int) -> RelayOptions {
    var options = self
    options.perSecond = rate
    return options
  }
}
