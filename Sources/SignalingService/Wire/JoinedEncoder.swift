// The longest of the server's messages as JSON.

internal import JSON
internal import Signaling

extension JSONWriter {
  mutating func members(of joined: Joined) {
    member("ack", joined.ack)
    member("room", joined.room.text)
    member("peer", joined.peer.text)
    member("order", joined.profile.order)
    if let role = joined.profile.role { member("role", role.text) }
    member("session", joined.session.text)
    key("resumed")
    boolean(joined.resumed)
    if let gap = joined.gap { member("gap", gap.rawValue) }
    if let settling = joined.settlingMs { member("settling", settling) }
    if joined.restartIce {
      key("restartIce")
      boolean(true)
    }
    if let peers = joined.peers { members(of: peers) }
    members(of: joined.ice)
    member("relay", joined.relay.rawValue)
    key("can")
    beginArray()
    for word in joined.permissions.words { string(word) }
    endArray()
    member("heartbeat", joined.limits.heartbeatMs)
    member("resumeWindow", joined.limits.resumeWindowMs)
    members(of: joined.limits)
  }

  private mutating func members(of peers: [Joined.Peer]) {
    key("peers")
    beginArray()
    for other in peers {
      beginObject()
      member("peer", other.peer.text)
      members(of: other.profile)
      member("state", other.isSuspended ? "suspended" : "connected")
      endObject()
    }
    endArray()
  }

  mutating func members(of profile: Profile) {
    member("name", profile.name.text)
    if let role = profile.role { member("role", role.text) }
    member("order", profile.order)
  }

  private mutating func members(of limits: SignalingLimits) {
    key("limits")
    beginObject()
    member("messageBytes", Int64(limits.messageBytesMax))
    member("peers", Int64(limits.peersPerRoomMax))
    key("rates")
    beginObject()
    member("candidate", limits.rates.candidate)
    member("description", limits.rates.description)
    member("message", limits.rates.message)
    member("other", limits.rates.other)
    endObject()
    endObject()
  }

  private mutating func member(_ name: String, _ rate: Rate) {
    key(name)
    beginObject()
    member("perSecond", Int64(rate.perSecond))
    member("burst", Int64(rate.burst))
    endObject()
  }
}
