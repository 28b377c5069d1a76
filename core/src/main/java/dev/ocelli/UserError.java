package dev.ocelli;

/**
 * Something the user can mend: a bad file, row, tensor, recipe or argument. The message is one or two lines that say what was wrong,
 * where, and what to do; the command line prints it without a stack trace and ends with a code other than 0.
 */
public final class UserError extends RuntimeException {
  public UserError(String message) {
    super(message);
  }

  public UserError(String message, Throwable cause) {
    super(message, cause);
  }

  /** As {@link String#format}. */
  public static UserError of(String format, Object... arguments) {
    return new UserError(String.format(java.util.Locale.ROOT, format, arguments));
  }
}
