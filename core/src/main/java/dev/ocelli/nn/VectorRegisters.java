package dev.ocelli.nn;

import jdk.incubator.vector.FloatVector;

/** Whether {@link BlockKernel} may be used: a class that names a vector can't be loaded where the Vector API is missing. */
public final class VectorRegisters {
  private VectorRegisters() {}

  /** Whether this JVM has the Vector API ({@code --add-modules jdk.incubator.vector}) and this processor registers of 256 bits or more. */
  public static boolean wide() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() && Width.wide();
  }

  /** Apart, so that it is loaded only where it can be. */
  private static final class Width {
    static boolean wide() {
      return FloatVector.SPECIES_PREFERRED.length() >= 8;
    }
  }
}
