import type { Clock } from "@cloister/service";
import { z } from "zod";
import { KmsError } from "../../kms/kms-errors.ts";
import type { VaultAnswer, VaultHttp, VaultRequest } from "./vault-http.ts";

/** How `keys` proves to Vault who it is. What is secret is asked for at each login, so that a new one needs no restart. */
export type VaultLogin =
  | { readonly method: "token"; readonly token: () => Promise<string> }
  | {
      readonly method: "approle";
      readonly mount: string;
      readonly roleId: string;
      readonly secretId: () => Promise<string>;
    }
  | {
      readonly method: "kubernetes";
      readonly mount: string;
      readonly role: string;
      /** The service account's token, as the kubelet renews it. */
      readonly jwt: () => Promise<string>;
    };

interface HeldToken {
  readonly token: string;
  /** On the monotonic clock: from then on it is renewed, or another one is got. */
  readonly refreshAtMs: number;
}

const loginAnswer = z.object({
  auth: z.object({ client_token: z.string().min(1), lease_duration: z.number().nonnegative() }),
});

/** Logs in when it has to, and says of a refusal whether the credential or its policy is the reason. */
export class VaultSession {
  readonly #http: VaultHttp;
  readonly #login: VaultLogin;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #held: Promise<HeldToken> | undefined;

  constructor(http: VaultHttp, login: VaultLogin, clock: Pick<Clock, "monotonicMs">) {
    this.#http = http;
    this.#login = login;
    this.#clock = clock;
  }

  /**
   * Vault's answer to us. One that refuses a token which has ended is asked for again with a new one, once.
   * @throws KmsError KMS_CREDENTIAL_REFUSED, KMS_PERMISSION_DENIED, and those of `VaultHttp.send`
   */
  async call(request: Omit<VaultRequest, "token">): Promise<VaultAnswer> {
    const held = await this.#token();
    const answer = await this.#http.send({ ...request, token: held.token });
    if (answer.status !== 403) return answer;
    if (await this.#isAlive(held)) throw denied();
    this.#held = undefined;
    const again = await this.#token();
    if (again.token === held.token) throw refused();
    const second = await this.#http.send({ ...request, token: again.token });
    if (second.status !== 403) return second;
    throw (await this.#isAlive(again)) ? denied() : refused();
  }

  #token(): Promise<HeldToken> {
    const held = (this.#held ??= this.#logIn());
    return held.then(
      (token) => (this.#clock.monotonicMs() < token.refreshAtMs ? token : this.#refreshed(held)),
      (error: unknown) => {
        if (this.#held === held) this.#held = undefined;
        throw error;
      },
    );
  }

  /** All who come at once share one login. */
  #refreshed(old: Promise<HeldToken>): Promise<HeldToken> {
    if (this.#held === old) this.#held = this.#logIn();
    return this.#token();
  }

  async #logIn(): Promise<HeldToken> {
    const login = this.#login;
    switch (login.method) {
      case "token":
        return this.#renewed(await login.token());
      case "approle":
        return this.#loggedIn(login.mount, { role_id: login.roleId, secret_id: await login.secretId() });
      case "kubernetes":
        return this.#loggedIn(login.mount, { role: login.role, jwt: await login.jwt() });
    }
  }

  async #loggedIn(mount: string, body: object): Promise<HeldToken> {
    const answer = await this.#http.send({ method: "POST", path: `auth/${mount}/login`, body });
    if (answer.status === 400 || answer.status === 403) throw refused();
    const parsed = loginAnswer.safeParse(answer.body);
    if (!parsed.success) {
      const sentence = `Vault has no login at auth/${mount}: enable the method there, or name its mount.`;
      throw new KmsError("KMS_CREDENTIAL_REFUSED", sentence);
    }
    const { client_token: token, lease_duration: seconds } = parsed.data.auth;
    return { token, refreshAtMs: this.#afterMostOf(seconds) };
  }

  /** One that can't be renewed, such as a root token, is used until it is refused. */
  async #renewed(token: string): Promise<HeldToken> {
    const answer = await this.#http.send({ method: "POST", path: "auth/token/renew-self", token, body: {} });
    const parsed = loginAnswer.safeParse(answer.body);
    return { token, refreshAtMs: this.#afterMostOf(parsed.success ? parsed.data.auth.lease_duration : 0) };
  }

  /** Zero seconds mean that it doesn't end. */
  #afterMostOf(seconds: number): number {
    return seconds === 0 ? Infinity : this.#clock.monotonicMs() + (seconds * 1_000 * 2) / 3;
  }

  /** The policy `default`, which each token has unless somebody took it away, allows a token to look at itself. */
  async #isAlive({ token }: HeldToken): Promise<boolean> {
    return (await this.#http.send({ method: "GET", path: "auth/token/lookup-self", token })).status === 200;
  }
}

const denied = (): KmsError =>
  new KmsError(
    "KMS_PERMISSION_DENIED",
    "Vault knows the credential of `keys` and its policy does not allow this for the tenant's key.",
  );

const refused = (): KmsError =>
  new KmsError("KMS_CREDENTIAL_REFUSED", "Vault does not accept the credential of `keys`: it expired or was revoked.");
