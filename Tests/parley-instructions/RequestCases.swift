// The request with which a browser opens a WebSocket, and its answer.

import HTTP1
import WebSocket

func measureRequests(_ ruler: inout Ruler) {
  let request = Array(
    """
    GET /signal HTTP/1.1\r
    Host: parley.example.org\r
    Connection: Upgrade\r
    Pragma: no-cache\r
    Cache-Control: no-cache\r
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36\r
    Upgrade: websocket\r
    Origin: https://parley.example.org\r
    Sec-WebSocket-Version: 13\r
    Accept-Encoding: gzip, deflate, br, zstd\r
    Accept-Language: en-GB,en;q=0.9\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r
    Sec-WebSocket-Protocol: parley.v1\r
    \r

    """.utf8)
  var output: [UInt8] = []
  ruler.measure("http-upgrade") {
    var parser = RequestParser()
    guard case .request(let head, _) = parser.parse(request.span),
      case .accepted(_, _, let response) = ServerHandshake(
        head, subprotocols: ["parley.v1"], deflates: true)
    else { return false }
    output.removeAll(keepingCapacity: true)
    response.append(
      to: &output, mode: head.responseMode, date: "Thu, 01 Jan 2026 00:00:00 GMT")
    return !output.isEmpty
  }
}
