package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** A request that can't be answered, in the form of OpenAI's API: {@code {"error": {"message", "type", "param", "code"}}}. */
final class ApiError extends RuntimeException {
  static final int NO_RETRY = -1;

  private final int status;
  private final String type;
  private final String code;
  private final String param;
  private final int retryAfter;

  private ApiError(int status, String type, String code, String param, int retryAfter, String message) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
    this.retryAfter = retryAfter;
  }

  /** What the client can mend. */
  static ApiError invalid(int status, String code, String message) {
    return new ApiError(status, "invalid_request_error", code, null, NO_RETRY, message);
  }

  /** A field of the request that the client can mend. */
  static ApiError field(String param, String message) {
    return new ApiError(400, "invalid_request_error", "invalid_value", param, NO_RETRY, message);
  }

  static ApiError unauthorized(String message) {
    return new ApiError(401, "authentication_error", "invalid_api_key", null, NO_RETRY, message);
  }

  /** Too much to do now. */
  static ApiError busy(int retryAfterSeconds) {
    return new ApiError(
        429, "rate_limit_error", "queue_full", null, retryAfterSeconds, "The queue is full. Try again in " + retryAfterSeconds + " s.");
  }

  /** What passes. */
  static ApiError unavailable(String code, int retryAfterSeconds, String message) {
    return new ApiError(503, "server_error", code, null, retryAfterSeconds, message);
  }

  static ApiError timedOut(String message) {
    return new ApiError(504, "server_error", "timeout", null, NO_RETRY, message);
  }

  /** A mistake of this program's; what it was stands in the log, not in the answer. */
  static ApiError internal() {
    return new ApiError(500, "server_error", "internal_error", null, NO_RETRY, "Something went wrong in the server; its log says what.");
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  /** Seconds, or {@link #NO_RETRY}. */
  int retryAfter() {
    return retryAfter;
  }

  ObjectNode json() {
    ObjectNode root = Json.object();
    root.putObject("error").put("message", getMessage()).put("type", type).put("param", param).put("code", code);
    return root;
  }
}
