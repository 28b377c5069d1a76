package dev.ocelli.server;

/** What the engine tells of itself, on its own thread. */
interface EngineEvents {
  /**
   * After each round.
   *
   * @param waiting requests in line
   * @param active answers under way
   * @param cacheBytes native memory of their keys and values
   */
  void state(int waiting, int active, long cacheBytes);

  /** An answer came to its end. */
  void answered(Answer answer);

  /** Something went wrong that no client can mend. */
  void failed(Throwable cause);
}
