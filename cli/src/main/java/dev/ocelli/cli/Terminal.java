package dev.ocelli.cli;

/** What is known of the terminal. Java 17 can't ask whether standard error is one: the launcher does, and says so in a property. */
final class Terminal {
  /** Back to the line's begin, and clear it. */
  static final String CLEAR_LINE = "\r\u001b[K";

  private static final int USUAL_COLUMNS = 80;

  private Terminal() {}

  static boolean errorIsTerminal() {
    return Boolean.getBoolean("ocelli.terminal");
  }

  static int columns() {
    return Math.max(40, Integer.getInteger("ocelli.columns", USUAL_COLUMNS));
  }
}
