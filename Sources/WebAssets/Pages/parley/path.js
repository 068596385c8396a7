// The path that a connection's packets take: its selected candidate pair and what that carried.

const end = ({ candidateType: type, protocol, relayProtocol, address, port, url }) =>
  ({ type, protocol, relayProtocol, address, port, url });

/** The pair and its counters, with bit rates since `last` if that is of the same pair, or null. */
export async function path(connection, last) {
  const report = await connection.getStats();
  const all = [...report.values()];
  const transport = all.find((s) => s.selectedCandidatePairId);
  // Some browsers have no transport statistics but mark the pair itself.
  const pair = report.get(transport?.selectedCandidatePairId) ?? all.find((s) => s.selected);
  const local = report.get(pair?.localCandidateId);
  const remote = report.get(pair?.remoteCandidateId);
  if (!local || !remote) return null;
  const { id, timestamp, bytesSent, bytesReceived, packetsSent, packetsReceived } = pair;
  const rate = (count) => last?.id === id && timestamp > last.timestamp
    ? Math.round((pair[count] - last[count]) * 8_000 / (timestamp - last.timestamp)) : NaN;
  return {
    id, timestamp, local: end(local), remote: end(remote),
    relayed: [local, remote].some((s) => s.candidateType === "relay"),
    roundTripTime: pair.currentRoundTripTime * 1_000,
    bytesSent, bytesReceived, packetsSent, packetsReceived,
    sendBitrate: rate("bytesSent"), receiveBitrate: rate("bytesReceived"),
  };
}
