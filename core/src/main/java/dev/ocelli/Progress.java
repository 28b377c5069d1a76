package dev.ocelli;

/** Where long work reports how far it is. The command line draws a bar; a library user may pass {@link #NONE}. */
public interface Progress {
  /** Says nothing. */
  Progress NONE = (task, done, total, unit) -> new Task() {
        @Override
        public void advance(long amount) {}

        @Override
        public void say(String text) {}

        @Override
        public void close() {}
      };

  /**
   * Starts a piece of work.
   *
   * @param task what is being done, in a word or two
   * @param done how much of it an earlier call has done: it counts in how far the work is, but not in how fast
   * @param total how much of it there is, or -1 where nobody knows
   * @param unit of what: "photos", "MB"
   */
  Task start(String task, long done, long total, String unit);

  /** Starts a piece of work of which nothing is done yet. */
  default Task start(String task, long total, String unit) {
    return start(task, 0, total, unit);
  }

  /** One piece of work under way; closing it ends its bar. */
  interface Task extends AutoCloseable {
    void advance(long amount);

    /** A short text beside the bar, such as the present loss. */
    void say(String text);

    @Override
    void close();
  }
}
