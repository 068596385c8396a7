// A connection to a Redis server that waits for each answer, by hiredis.

internal import CHiredis
internal import Glibc

/// Blocks the thread that uses it, up to the timeout of the address: never a thread of packets.
@safe public final class RedisConnection: RedisAnswering {
  private let context: UnsafeMutablePointer<redisContext>
  /// Deeper than any answer that is asked for here.
  private static let depthMax = 8

  /// Connects, authenticates and chooses the database.
  public init(_ address: RedisAddress) throws(RedisError) {
    let timeout = Self.timeval(address.timeout)
    guard
      let context = unsafe redisConnectWithTimeout(address.host, Int32(address.port), timeout)
    else { throw .unreachable("out of memory") }
    unsafe self.context = unsafe context
    guard unsafe context.pointee.err == 0 else {
      throw .unreachable(unsafe String(cString: parley_redis_error(context)))
    }
    unsafe redisSetTimeout(context, timeout)
    if let password = address.password {
      _ = try confirmed(["AUTH"] + [address.user, password].compactMap(\.self))
    }
    if address.database != 0 { _ = try confirmed(["SELECT", String(address.database)]) }
  }

  deinit { unsafe redisFree(context) }

  private func confirmed(_ words: [String]) throws(RedisError) -> RedisReply {
    let reply = try ask(words)
    // Not the words: they may be a password.
    if case .refusal(let reason) = reply { throw .refused("\(words[0]): \(reason)") }
    return reply
  }

  public func ask(_ words: [String]) throws(RedisError) -> RedisReply {
    var bytes: [CChar] = []
    var lengths: [Int] = []
    for word in words {
      bytes += word.utf8.map { CChar(bitPattern: $0) }
      lengths.append(word.utf8.count)
    }
    let answer = unsafe bytes.withUnsafeBufferPointer { bytes -> UnsafeMutableRawPointer? in
      var offset = 0
      var starts: [UnsafePointer<CChar>?] = unsafe []
      for length in lengths {
        unsafe starts.append(bytes.baseAddress.map { unsafe $0 + offset })
        offset += length
      }
      return unsafe redisCommandArgv(context, Int32(words.count), &starts, lengths)
    }
    guard let answer = unsafe answer else {
      throw .unreachable(unsafe String(cString: parley_redis_error(context)))
    }
    defer { unsafe freeReplyObject(answer) }
    return try unsafe Self.reply(answer.assumingMemoryBound(to: redisReply.self), depth: 0)
  }

  private static func reply(
    _ reply: UnsafeMutablePointer<redisReply>, depth: Int
  ) throws(RedisError) -> RedisReply {
    let value = unsafe reply.pointee
    switch unsafe value.type {
    case REDIS_REPLY_NIL: return .nothing
    case REDIS_REPLY_INTEGER: return unsafe .number(value.integer)
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: return unsafe .text(text(value))
    case REDIS_REPLY_ERROR: return unsafe .refusal(String(decoding: text(value), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      guard depth < depthMax else { throw .unexpected("an answer that is nested too deep") }
      var list: [RedisReply] = []
      for index in 0..<(unsafe value.elements) {
        guard let element = unsafe value.element?[index] else { continue }
        list.append(try unsafe Self.reply(element, depth: depth + 1))
      }
      return .list(list)
    default: throw .unexpected("an answer of an unknown type")
    }
  }

  private static func text(_ reply: redisReply) -> [UInt8] {
    guard let start = unsafe reply.str else { return [] }
    return unsafe UnsafeRawBufferPointer(start: start, count: reply.len).map(\.self)
  }

  private static func timeval(_ duration: Duration) -> Glibc.timeval {
    let (seconds, attoseconds) = duration.components
    return Glibc.timeval(
      tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
  }
}
