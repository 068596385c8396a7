// Draws latency and loss over load, as an SVG picture.

internal import Glibc

/// What one step of the load led to.
struct LoadPoint: Sendable, Equatable {
  /// Asked for, a second.
  var load: Double
  /// Arrived, a second.
  var arrived: Double
  var p50Ns: Int64
  var p99Ns: Int64
  /// Of what was sent.
  var lostPercent: Double
}

/// Two panels above one axis of load: latency, with each decade as high as the next, and loss.
struct LatencyPlot: Sendable {
  let title: String
  /// What the load is made of, below the title.
  let subtitle: String
  /// Of the load, such as "messages".
  let unit: String
  /// By growing load.
  let points: [LoadPoint]

  private static let width = 800.0
  private static let height = 500.0
  private static let left = 78.0
  private static let right = 712.0
  private static let latencyTop = 84.0
  private static let latencyBottom = 326.0
  private static let lossTop = 362.0
  private static let lossBottom = 434.0
  private static let median = "#1d6fa5"
  private static let tail = "#c2410c"
  private static let loss = "#7f1d1d"
  private static let ink = "#1f2933"
  private static let faint = "#616e7c"

  var svg: String {
    let load = LinearScale(
      0...max(1, points.map(\.load).max() ?? 1), from: Self.left, to: Self.right, ticks: 6)
    let latency = LogScale(
      points.flatMap { [$0.p50Ns, $0.p99Ns] }.map { Double($0) / 1e6 },
      from: Self.latencyBottom, to: Self.latencyTop)
    let lost = LinearScale(
      0...max(1, points.map(\.lostPercent).max() ?? 0), from: Self.lossBottom, to: Self.lossTop,
      ticks: 2)
    var picture = SVG(width: Self.width, height: Self.height, title: title)
    picture.text(title, x: Self.left, y: 34, size: 18, color: Self.ink, weight: 600)
    picture.text(subtitle, x: Self.left, y: 56, size: 13, color: Self.faint)
    grid(&picture, load, latency, lost)
    line(&picture, color: Self.median, label: "p50", points.map { at($0, load, latency, $0.p50Ns) })
    line(&picture, color: Self.tail, label: "p99", points.map { at($0, load, latency, $0.p99Ns) })
    line(
      &picture, color: Self.loss, label: "",
      points.map { (load.place($0.load), lost.place($0.lostPercent)) })
    return picture.text
  }

  private func at(
    _ point: LoadPoint, _ load: LinearScale, _ latency: LogScale, _ nanoseconds: Int64
  ) -> (x: Double, y: Double) {
    (load.place(point.load), latency.place(Double(nanoseconds) / 1e6))
  }

  private func grid(
    _ picture: inout SVG, _ load: LinearScale, _ latency: LogScale, _ lost: LinearScale
  ) {
    for tick in load.ticks {
      let x = load.place(tick)
      picture.line((x, Self.latencyTop), (x, Self.latencyBottom), color: "#eef1f4")
      picture.line((x, Self.lossTop), (x, Self.lossBottom), color: "#eef1f4")
      picture.text(
        Decimal.grouped(tick), x: x, y: Self.lossBottom + 20, size: 12, color: Self.faint,
        anchor: .middle)
    }
    for tick in latency.ticks {
      label(&picture, tick, y: latency.place(tick), unit: "ms")
    }
    for tick in lost.ticks { label(&picture, tick, y: lost.place(tick), unit: "%") }
    for y in [Self.latencyBottom, Self.lossBottom] {
      picture.line((Self.left, y), (Self.right, y), color: "#9aa5b1")
    }
    picture.text(
      "latency", x: Self.left, y: Self.latencyTop - 8, size: 12, color: Self.ink, weight: 600)
    picture.text("loss", x: Self.left, y: Self.lossTop - 8, size: 12, color: Self.ink, weight: 600)
    picture.text(
      "load, \(unit) a second", x: (Self.left + Self.right) / 2, y: Self.lossBottom + 46, size: 13,
      color: Self.ink, anchor: .middle)
  }

  private func label(_ picture: inout SVG, _ tick: Double, y: Double, unit: String) {
    picture.line((Self.left, y), (Self.right, y), color: "#dde2e8")
    picture.text(
      "\(Decimal.shortest(tick)) \(unit)", x: Self.left - 8, y: y + 4, size: 12, color: Self.faint,
      anchor: .end)
  }

  private func line(
    _ picture: inout SVG, color: String, label: String, _ places: [(x: Double, y: Double)]
  ) {
    picture.polyline(places, color: color)
    for place in places { picture.circle(place, radius: 3.5, color: color) }
    if let last = places.last, !label.isEmpty {
      picture.text(
        label, x: last.x + 10, y: last.y + 4, size: 13, color: color, weight: 600)
    }
  }
}

/// A range of values laid out evenly.
struct LinearScale: Sendable {
  let range: ClosedRange<Double>
  /// Round numbers, the first of them 0, the last at the end of the range.
  let ticks: [Double]
  private let from: Double
  private let to: Double

  /// - Parameters:
  ///   - values: begin at 0; the range ends at the next round number.
  ///   - ticks: about how many.
  init(_ values: ClosedRange<Double>, from: Double, to: Double, ticks: Int) {
    let step = Self.roundStep(values.upperBound / Double(ticks))
    let count = Int((values.upperBound / step).rounded(.up))
    self.ticks = (0...count).map { Double($0) * step }
    range = 0...Double(count) * step
    self.from = from
    self.to = to
  }

  func place(_ value: Double) -> Double { from + (to - from) * value / range.upperBound }

  /// The next 1, 2 or 5 times a power of ten.
  static func roundStep(_ least: Double) -> Double {
    let power = pow(10, log10(least).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= least * 0.999_999 } ?? 10 * power
  }
}

/// A range of values in which each decade is as long as the next.
struct LogScale: Sendable {
  /// 1, 2 and 5 times powers of ten.
  let ticks: [Double]
  private let from: Double
  private let to: Double

  /// - Parameter values: those that are not above 0 are left out of the range.
  init(_ values: [Double], from: Double, to: Double) {
    let positive = values.filter { $0 > 0 }
    let least = positive.min() ?? 0.1
    let most = max(positive.max() ?? 1, least)
    let steps = (-7...7).flatMap { decade in [1, 2, 5].map { $0 * pow(10, Double(decade)) } }
    let first = steps.last { $0 <= least } ?? least
    let last = steps.first { $0 >= most && $0 > first } ?? most
    ticks = steps.filter { $0 >= first && $0 <= last }
    self.from = from
    self.to = to
  }

  /// What is below the range is at its beginning.
  func place(_ value: Double) -> Double {
    guard let first = ticks.first, let last = ticks.last, value > first else { return from }
    return from + (to - from) * log(value / first) / log(last / first)
  }
}
