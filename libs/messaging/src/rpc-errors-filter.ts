import { Catch, type ExceptionFilter } from "@nestjs/common";
import { throwError, type Observable } from "rxjs";

/**
 * Lets a handler's error through as it is. Nest's default filter would log its message and replace it by "Internal
 * server error", without the code by which a consumer decides what to do.
 */
@Catch()
export class RpcErrorsFilter implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
