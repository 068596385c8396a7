// What a client gets to see of a verdict, as a driver puts it together.

import NetTypes
public import TURN

extension TURNServer {
  /// The frames that the last verdict, `verdict`, wants sent to a client; none for another.
  public func frames(_ verdict: Verdict, _ slot: [UInt8]) -> [[UInt8]] {
    guard case .toClient(_, _, let range, let framing) = verdict else { return [] }
    let front = (0..<framing.header).map { header[$0] }
    let behind = [UInt8](repeating: 0, count: framing.padding)
    let length = range.count / framing.count
    return (0..<framing.count).map { index in
      let start = range.lowerBound + index * length
      return front + slot[start..<start + length] + behind
    }
  }
}
