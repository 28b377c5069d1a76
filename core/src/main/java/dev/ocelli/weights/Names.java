package dev.ocelli.weights;

import dev.ocelli.Nearest;
import dev.ocelli.UserError;
import java.nio.file.Path;
import java.util.Collection;

/** Messages for a name that isn't there. */
final class Names {
  private Names() {}

  static UserError missing(Path file, String what, String name, Collection<String> known) {
    if (known.isEmpty()) {
      return UserError.of("%s has no %s %s: it holds none at all.", file, what, name);
    }
    return UserError.of(
        "%s has no %s %s; the nearest of its %d is %s. Is it another model's file?", file, what, name, known.size(), Nearest.of(name, known));
  }
}
