// TCP connections to and from peers, and clients that join theirs to them (RFC 6062 §5).

public import NetTypes
internal import STUN

extension TURNServer {
  /// RFC 6062 §5.2: Connect.
  mutating func connect(
    _ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser, effects: inout [Effect]
  ) -> Verdict {
    guard let configuration else { return .drop(.unknownMethod) }
    guard let handle = ownAllocation(request, user) else { return .reply }
    if let refused = refuseUnknown(request, user) { return refused }
    guard let allocation = allocations[handle], allocation.transport == .tcp,
      let peer = request.message.xorAddress(.xorPeerAddress, bytes)
    else { return refuse(request, .badRequest, user) }
    if let error = refusal(of: peer.ip, for: handle) { return refuse(request, error, user) }
    guard let end = allocation.ends[peer.ip.family] else {
      return refuse(request, .peerAddressFamilyMismatch, user)
    }
    guard configuration.value.peers.allows(peer) else { return refuse(request, .forbidden, user) }
    guard !allocation.connections.contains(where: { connections[$0]?.peer == peer }) else {
      return refuse(request, .connectionAlreadyExists, user)
    }
    guard
      let connection = insert(
        peer, of: handle, .connecting(request, user), within: TURNLimits.connectTimeout,
        now: request.now)
    else { return refuse(request, .insufficientCapacity, user) }
    effects.append(
      .connect(
        connection, relay: end.relay, from: end.address,
        to: external.inside(peer)))
    return .pending
  }

  /// The result of ``Effect/connect(_:relay:from:to:)``.
  public mutating func peerConnected(
    _ connection: SlabHandle, ok: Bool, now: Instant, effects: inout [Effect]
  ) {
    guard case .connecting(let request, let user)? = connections[connection]?.state,
      let id = connections[connection]?.id
    else { return }
    // In time, and not revoked meanwhile.
    guard ok, let until = connections[connection]?.until, until > now else {
      return fail(connection, now: now, effects: &effects)
    }
    connections[connection]?.state = .waiting
    connections[connection]?.until = now + TURNLimits.connectionBindTimeout
    connectionTimers.schedule(
      Int(connection.index), at: now + TURNLimits.connectionBindTimeout)
    _ = succeed(request, user) { $0.add(.connectionID, uint32: id) }
    effects.append(.send(request.tuple, reply.bytes))
  }

  /// RFC 6062 §5.3: a peer has connected to a relay. `nil`: it is not welcome, and is closed.
  public mutating func peerAccepted(
    _ peer: SocketAddress, at relay: SlabHandle, now: Instant, effects: inout [Effect]
  ) -> SlabHandle? {
    guard case .allocation(let handle)? = relays[relay]?.owner,
      let allocation = allocations[handle]
    else { return refuseConnection(.noRelay) }
    let peer = external.outside(peer)
    guard allocation.permits(peer.ip, now: now) else { return refuseConnection(.noPermission) }
    guard configuration?.value.peers.allows(peer.ip) == true else {
      return refuseConnection(.forbiddenPeer)
    }
    guard
      let connection = insert(
        peer, of: handle, .waiting, within: TURNLimits.connectionBindTimeout, now: now),
      let id = connections[connection]?.id
    else { return refuseConnection(.connectionLimit) }
    reply.begin(
      MessageType(.connectionAttempt, .indication), TransactionID(using: &indicationIDs))
    reply.add(.connectionID, uint32: id)
    reply.add(.xorPeerAddress, address: peer)
    reply.finish()
    effects.append(.send(allocation.fiveTuple, reply.bytes))
    return connection
  }

  private mutating func refuseConnection(_ reason: DropReason) -> SlabHandle? {
    _ = count(.drop(reason))
    return nil
  }

  /// The allocation that a request is about: that of its 5-tuple, or for a ConnectionBind, which
  /// comes on a stream of its own, that of its connection (RFC 6062 §4.4: the same credentials).
  func subject(of request: Request, _ bytes: Span<UInt8>) -> SlabHandle? {
    if let handle = find(request.tuple) { return handle }
    guard request.message.type.method == .connectionBind,
      let id = request.message.uint32(.connectionID, bytes)
    else { return nil }
    return byConnectionID[id].flatMap { connections[$0]?.allocation }
  }

  /// The other loop that has the connection of a ConnectionBind, which is to be handled there.
  func loopOfConnection(_ request: Request, _ bytes: Span<UInt8>) -> Int? {
    guard request.message.type.method == .connectionBind, request.tuple.transport.isStream,
      find(request.tuple) == nil, let id = request.message.uint32(.connectionID, bytes)
    else { return nil }
    let index = Int(id & 0xff)
    return index != loop.index && index < loop.count ? index : nil
  }

  /// Whether `user` signed with credentials of the allocation. Who came with a token has the name
  /// of a key, as many others have: what is his alone is the key in the token.
  private func isSigned(
    _ request: Request, _ bytes: Span<UInt8>, by user: AuthenticatedUser, for owner: Allocation
  ) -> Bool {
    guard let grant = owner.grant else {
      return user.grant == nil && owner.username == user.name
    }
    return user.grant != nil && request.message.isIntegrityValid(bytes, key: grant.macKey)
  }

  /// RFC 6062 §5.4: ConnectionBind, on a stream that has no other purpose, by the user who has the
  /// allocation.
  mutating func bindConnection(
    _ request: Request, _ bytes: Span<UInt8>, _ user: AuthenticatedUser
  ) -> Verdict {
    if let refused = refuseUnknown(request, user) { return refused }
    guard request.tuple.transport.isStream, find(request.tuple) == nil,
      let id = request.message.uint32(.connectionID, bytes)
    else { return refuse(request, .badRequest, user) }
    if let other = loopOfConnection(request, bytes) { return .moveStream(loop: other) }
    guard let connection = byConnectionID[id], let found = connections[connection],
      case .waiting = found.state, found.until > request.now,
      let owner = allocations[found.allocation]
    else { return refuse(request, .badRequest, user) }
    guard isSigned(request, bytes, by: user, for: owner) else {
      return refuse(request, .wrongCredentials, user)
    }
    connections[connection]?.state = .bound
    connections[connection]?.until = .distantFuture
    _ = succeed(request, user)
    return .bindStream(connection)
  }

  // MARK: Data

  /// Whether `bytes` that came on one half of a connection may go out on the other now; if so, they
  /// are counted. If not, the driver keeps them, reads no more on that half, and asks again later:
  /// in a stream nothing is dropped.
  public mutating func relayed(
    _ bytes: Int, _ direction: Direction, on connection: SlabHandle, now: Instant
  ) -> Bool {
    guard let handle = connections[connection]?.allocation else { return false }
    return allocations.update(handle) { allocation in
      guard allocation.meter.refusal(of: bytes, direction, now: now) == nil else { return false }
      switch direction {
      case .fromClient:
        allocation.counters.fromClient.count(bytes)
        allocation.counters.toPeers.count(bytes)
      case .toClient:
        allocation.counters.fromPeers.count(bytes)
        allocation.counters.toClient.count(bytes)
      }
      return true
    } ?? false
  }

  // MARK: Tables

  /// RFC 6062 §6.2.1: the id is the client's key to the connection.
  private mutating func insert(
    _ peer: SocketAddress, of allocation: SlabHandle, _ state: PeerConnection.State,
    within timeout: Duration, now: Instant
  ) -> SlabHandle? {
    let max = configuration?.value.limits.connectionsPerAllocationMax ?? 0
    guard let held = allocations[allocation]?.connections.count, held < max else { return nil }
    var id: UInt32
    repeat {
      id = UInt32.random(in: .min ... .max, using: &random) & ~0xff | UInt32(loop.index)
    } while byConnectionID[id] != nil
    let made = connections.insert(
      PeerConnection(
        id: id, allocation: allocation, peer: peer, until: now + timeout, state: state))
    guard let connection = made else { return nil }
    byConnectionID[id] = connection
    allocations[allocation]?.connections.append(connection)
    connectionTimers.schedule(Int(connection.index), at: now + timeout)
    return connection
  }

  /// Either half of a connection has ended, and the driver has closed both.
  public mutating func connectionEnded(_ connection: SlabHandle) { forget(connection) }

  @discardableResult
  private mutating func forget(_ connection: SlabHandle) -> PeerConnection? {
    guard let found = connections.remove(connection) else { return nil }
    byConnectionID[found.id] = nil
    allocations[found.allocation]?.connections.removeAll { $0 == connection }
    return found
  }

  /// Ends a connection from here, and answers the Connect that still waits for it.
  mutating func fail(_ connection: SlabHandle, now: Instant, effects: inout [Effect]) {
    guard let found = forget(connection) else { return }
    effects.append(.closeConnection(connection))
    guard case .connecting(let request, let user) = found.state else { return }
    _ = refuse(request, .connectionTimeoutOrFailure, user)
    effects.append(.send(request.tuple, reply.bytes))
  }

  /// The timer of a connection fired.
  mutating func expire(connectionAt index: Int, now: Instant, effects: inout [Effect]) {
    guard let connection = connections.handle(at: index), let found = connections[connection]
    else { return }
    if found.until <= now {
      fail(connection, now: now, effects: &effects)
    } else if found.until != .distantFuture {
      connectionTimers.schedule(index, at: found.until)
    }
  }
}
