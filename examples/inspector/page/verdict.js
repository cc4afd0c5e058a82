// Returns the group to which a delivery belongs, and the name of its outcome.
export function verdict({ outcome, handler, kind }) {
  if (outcome === "running") return { group: "running", name: "running" };
  if (outcome === "accepted") {
    if (handler === "completed") return { group: "handled", name: "handled" };
    return { group: "failed", name: handler === "timed_out" ? "timed out" : handler };
  }
  if (outcome === "duplicate") return { group: "duplicate", name: "duplicate" };
  if (outcome === "rejected") {
    return kind === "in_progress" ? { group: "rejected", name: "retry later", tone: "duplicate" } : { group: "rejected", name: "rejected" };
  }
  if (outcome === "acknowledged") return { group: "other", name: outcome, tone: "failed" };
  return { group: "other", name: outcome };
}

export const tone = (summary) => verdict(summary).tone ?? verdict(summary).group;
