// Asks the server, one question at a time.

const PATIENCE = 30_000;

/** The question was wrong; the message says why. */
export class Unanswerable extends Error {}

/** The answer will not come any more: no session, no permission, or the run is gone. */
export class Refused extends Error {}

export class Reader {
  #address;
  #last = Promise.resolve();
  #told = null;

  constructor(address) {
    this.#address = address;
  }

  /** Ask, after the question before was answered. */
  ask(parameters, address = this.#address) {
    const asked = this.#last.then(() => this.#fetch(parameters, address));
    this.#last = asked.catch(() => undefined);
    return asked;
  }

  async #fetch(parameters, path) {
    const address = new URL(path, window.location.href);
    address.searchParams.set("rows", "1");
    for (const [name, value] of Object.entries(parameters)) {
      address.searchParams.set(name, String(value));
    }
    const headers = { Accept: "application/json" };
    if (this.#told?.address === address.href) {
      headers["If-None-Match"] = this.#told.tag;
    }
    const response = await fetch(address, {
      headers,
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.status === 304) {
      return this.#told.answer;
    }
    if (response.redirected || [401, 403, 404].includes(response.status)) {
      throw new Refused(String(response.status));
    }
    if (response.status === 400) {
      throw new Unanswerable(await response.text());
    }
    if (!response.ok) {
      throw new Error(String(response.status));
    }
    const answer = await response.json();
    const tag = response.headers.get("ETag");
    if (tag && !answer.new_log_lines?.length) {
      this.#told = { address: address.href, tag, answer };
    }
    return answer;
  }
}
