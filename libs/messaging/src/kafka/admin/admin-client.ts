import { Admin } from "@platformatic/kafka";
import type { KafkaConnection } from "../connection-settings.ts";
import { clientError } from "../platformatic/client-errors.ts";
import { clientOptions } from "../platformatic/client-options.ts";
import { closed } from "../platformatic/closing.ts";

/** Does something as the brokers' administrator, on connections of its own. @throws MessagingError */
export async function asAdmin<T>(
  connection: KafkaConnection,
  what: string,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = new Admin({ ...clientOptions(connection), retries: 2, retryDelay: 200 });
  // What is wrong with a connection comes out of the call that needed it.
  admin.on("error", () => undefined);
  try {
    return await work(admin);
  } catch (error) {
    throw clientError(what, error);
  } finally {
    await closed(admin.close());
  }
}
