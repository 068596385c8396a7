// Holds the picture of latency over load to what a reader of it needs, and to XML.

import EventLoop
import Glibc
import Testing

@testable import parley_load

/// Finds the first tag that is not closed as XML wants it.
private enum XML {
  static func fault(in text: String) -> String? {
    var open: [Substring] = []
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "<") {
      if rest[..<start].contains(">") { return "a > outside of a tag" }
      guard let end = rest.firstIndex(of: ">") else { return "a tag without an end" }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      let name = tag.prefix { $0 != " " && $0 != "/" }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return "</…> that closes nothing: \(tag)" }
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
      if tag.filter({ $0 == "\"" }).count % 2 == 1 { return "quotes in <\(tag)>" }
    }
    return open.isEmpty ? nil : "not closed: \(open)"
  }
}

@Suite struct LatencyPlotTests {
  private func plot(_ points: [LoadPoint], title: String = "ws") -> LatencyPlot {
    LatencyPlot(title: title, subtitle: "4 peers", unit: "messages", points: points)
  }

  private let points = (1...8).map { (step: Int) -> LoadPoint in
    LoadPoint(
      load: Double(step * 10_000), arrived: Double(step * 9_990), p50Ns: Int64(step * 100_000),
      p99Ns: Int64(step * step * 1_000_000), lostPercent: step > 6 ? 12.5 : 0)
  }

  @Test func `the checker of these tests finds what is not well-formed`() {
    #expect(XML.fault(in: "<a><b/></a>") == nil)
    for text in ["<a>", "<a></b>", "<a b=\">\"/>", "<a b=\"/>", "<a>></a>"] {
      #expect(XML.fault(in: text) != nil, "\(text)")
    }
  }

  @Test func `a picture is well-formed, whatever its title`() {
    #expect(XML.fault(in: plot(points).svg) == nil)
    let odd = plot(points, title: #"a <b> & "c""#).svg
    #expect(XML.fault(in: odd) == nil)
    #expect(odd.contains("a &lt;b&gt; &amp; &quot;c&quot;"))
  }

  @Test func `axes have round numbers and units`() {
    let svg = plot(points).svg
    for label in [
      ">0<", ">20,000<", ">80,000<", ">0.1 ms<", ">50 ms<", ">100 ms<", ">10 %<",
      ">load, messages a second<", ">latency<", ">loss<", ">p50<", ">p99<",
    ] {
      #expect(svg.contains(label), "\(label)")
    }
  }

  @Test func `one point, none, and points without a figure are no trap`() {
    let nothing = LoadPoint(load: 0, arrived: 0, p50Ns: 0, p99Ns: 0, lostPercent: 0)
    for points in [[], [points[0]], [nothing]] {
      let svg = plot(points).svg
      #expect(XML.fault(in: svg) == nil)
      #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
  }

  @Test func `everything lies within the picture`() {
    for circle in plot(points).svg.split(separator: "\n") where circle.hasPrefix("<circle") {
      let numbers = circle.split(separator: "\"").compactMap { Double($0) }
      #expect((78...712).contains(numbers[0]) && (84...434).contains(numbers[1]), "\(circle)")
    }
  }
}

@Suite struct ScaleTests {
  @Test(arguments: [(1.0, 1.0), (1.1, 2), (3, 5), (7, 10), (0.03, 0.05), (12_000, 20_000)])
  func `a step is the next round number`(least: Double, step: Double) {
    #expect((LinearScale.roundStep(least) - step).magnitude < step / 1e6)
  }

  @Test func `the ends of a scale are where they belong`() {
    let linear = LinearScale(0...80_000, from: 10, to: 110, ticks: 6)
    #expect(linear.place(0) == 10 && linear.place(linear.range.upperBound) == 110)
    let decades = LogScale([0.1, 10], from: 100, to: 0)
    #expect(decades.ticks.first == 0.1 && decades.ticks.last == 10)
    #expect(decades.place(0.1) == 100 && decades.place(0) == 100)
    #expect((decades.place(1) - 50).magnitude < 1e-9)
  }
}

@Suite struct PlotRunTests {
  private func run(to file: String) -> PlotRun {
    PlotRun(command: "signal", file: file, title: "ws", subtitle: "", unit: "messages")
  }

  @Test func `loads grow in equal steps, and never below one`() {
    #expect(PlotRun.loads(upTo: 800) == [100, 200, 300, 400, 500, 600, 700, 800])
    #expect(PlotRun.loads(upTo: 3) == [1, 2, 3])
  }

  @Test func `a step that fails is shown, and ends nothing`() {
    let file = "/tmp/parley-plot-\(getpid()).svg"
    defer { _ = unsafe unlink(file) }
    var plot = run(to: file)
    plot.run([10, 20]) { load in
      let point = LoadPoint(
        load: Double(load), arrived: 9, p50Ns: 1_000_000, p99Ns: 2_500_000, lostPercent: 5)
      return PlotStep(point: point, failures: load == 10 ? [] : ["1 messages lost"])
    }
    #expect(plot.steps.count == 2)
    #expect(
      plot.table.contains("          20           9      1.00      2.50      5.00   1 messages"))
    #expect(
      plot.json.hasSuffix(
        #"{"load":20.000,"arrived":9.000,"p50_us":1000.000,"p99_us":2500.000,"#
          + #""lost_percent":5.000,"failures":["1 messages lost"]}]}"#))
    let isThere = unsafe access(file, R_OK) == 0
    #expect(isThere)
  }

  @Test func `where the file can not be written the figures are told all the same`() {
    var plot = run(to: "/nowhere/plot.svg")
    plot.run([10]) { load in
      let point = LoadPoint(
        load: Double(load), arrived: 9, p50Ns: 1, p99Ns: 1, lostPercent: 0)
      return PlotStep(point: point, failures: [])
    }
    #expect(plot.table.contains("NOT DRAWN: write /nowhere/plot.svg"))
    #expect(plot.json.contains(#""load":10.000"#))
  }
}
