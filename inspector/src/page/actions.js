// What can be done with a received request: send it again, or copy it.

import { copy, el, visible } from "./dom.js";

// Returns the controls of a request. `sent` gets the client addresses of the requests that were sent.
export function actions(request, about, sent) {
  const problem = el("p", { class: "notice", role: "alert", hidden: true });

  async function ask(action, body) {
    problem.hidden = true;
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`/page/requests/${request.number}/${action}`, { method: "POST", headers, body: JSON.stringify(body) });
      if (response.ok) return response;
      problem.textContent = visible(await response.text());
    } catch {
      problem.textContent = "The inspector does not respond. Is it still running?";
    }
    problem.hidden = false;
    return null;
  }

  const again = (text, how, title) =>
    el(
      "button",
      {
        type: "button",
        class: "secondary",
        title,
        "data-how": how,
        disabled: Boolean(request.not_kept),
        onclick: async (event) => {
          const button = event.currentTarget;
          button.disabled = true;
          const response = await ask("send", { how });
          button.disabled = false;
          if (response) sent((await response.json()).from);
        },
      },
      text,
    );

  const copied = (text, action, body, title) =>
    el(
      "button",
      {
        type: "button",
        class: "secondary",
        title,
        "data-copy": action,
        disabled: Boolean(request.not_kept),
        onclick: async (event) => {
          const button = event.currentTarget;
          const response = await ask(action, body);
          if (response) await copy(await response.text(), button);
        },
      },
      text,
    );

  const signs = about && !about.cannot_send;
  return el(
    "section",
    { class: "request-actions", "aria-label": "Actions" },
    el(
      "div",
      { class: "buttons" },
      again("Send again", "as_received", "The same headers and body"),
      signs ? again("Re-sign and send", "signed", "Signed with this endpoint's secret now, with the same delivery id") : null,
      signs && about.can_renew_id ? again("Send as new", "signed_as_new", "Signed with this endpoint's secret now, with a new delivery id") : null,
      copied("Copy as curl", "curl", { how: "as_received" }, "The complete request, with its signature and all tokens"),
      signs ? copied("Copy as Rust test", "test", {}, "A Rust test that signs the same payload with a secret of its own") : null,
    ),
    request.not_kept ? el("p", { class: "note" }, `Cannot be sent again. ${request.not_kept}`) : null,
    problem,
  );
}

// Saves the deliveries with these numbers as JSON lines. Returns the reason if that fails.
export async function save(numbers) {
  const headers = { "content-type": "application/json" };
  const response = await fetch("/page/export", { method: "POST", headers, body: JSON.stringify({ numbers }) }).catch(() => null);
  if (!response?.ok) return (await response?.text()) ?? "The inspector does not respond. Is it still running?";
  const url = URL.createObjectURL(new Blob([await response.text()], { type: "application/jsonl" }));
  el("a", { href: url, download: "deliveries.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return null;
}
