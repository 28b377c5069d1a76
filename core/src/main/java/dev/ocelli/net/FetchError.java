package dev.ocelli.net;

/** Why an address gave nothing. Its message goes on from "the address": "leads to a private network". */
public final class FetchError extends RuntimeException {
  /** What kind of trouble it was. */
  public enum Kind {
    /** The address itself is none of a plain website. */
    ADDRESS,
    /** A port that isn't the web's. */
    PORT,
    /** The host has an address of a private network. */
    PRIVATE,
    /** Nobody knows the host. */
    UNKNOWN_HOST,
    /** No connection, no TLS, no HTTP, or it ended early. */
    CONNECTION,
    TOO_LARGE,
    TOO_SLOW,
    /** More redirects than allowed. */
    REDIRECTS,
    /** This program is stopping. */
    STOPPED
  }

  private final Kind kind;

  public FetchError(Kind kind, String message) {
    super(message, null, false, false);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
