// Returns the group to which a delivery belongs, and the name of its outcome.
export function verdict({ outcome, handler, kind }) {
  if (outcome === "running") return { group: "running", name: "running" };
  if (outcome === "accepted") {
    if (handler === "completed") return { group: "handled", name: "handled" };
    return { group: "failed", name: handler === "timed_out" ? "timed out" : handler };
  }
  if (outcome === "duplicate") return { group: "duplicate", name: "duplicate" };
  if (outcome === "rejected") {
    return kind === "in_progress" ? { group: "waiting", name: "retry later" } : { group: "rejected", name: "rejected" };
  }
  if (outcome === "wrong_path") return { group: "wrong-path", name: "wrong path" };
  if (outcome === "acknowledged") return { group: "other", name: outcome, tone: "failed" };
  return { group: "other", name: outcome };
}

export const tone = (summary) => verdict(summary).tone ?? verdict(summary).group;

// Returns the title of a delivery, or null if its provider sends no event type. The event type of an unverified
// delivery is unknown, and the kind of the rejection is its title.
export function title({ event_type, kind, outcome }) {
  if (outcome === "wrong_path") return "not found";
  if (event_type !== null || kind === null || kind === "in_progress") return event_type;
  return kind.replaceAll("_", " ");
}
