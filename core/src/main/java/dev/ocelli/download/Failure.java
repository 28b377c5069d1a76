package dev.ocelli.download;

import java.util.Locale;

/** Why a row gave no picture, in the words of the table at the end. */
public enum Failure {
  ROW("the row is no caption and address"),
  ADDRESS("no plain web address"),
  PRIVATE("leads to a private network, or to another port than the web's"),
  UNKNOWN_HOST("the host isn't known"),
  ROBOTS("the site's robots.txt or headers forbid it"),
  GIVEN_UP("the host failed again and again, or asks to wait too long"),
  CONNECTION("no connection, or it broke off"),
  SLOW("took too long"),
  REDIRECTS("too many redirects"),
  STATUS("the site answered with an error"),
  LARGE("more bytes or pixels than allowed"),
  NO_PICTURE("something else than a picture came"),
  DAMAGED("the picture can't be unpacked"),
  SMALL("the picture is too small, or a mere line"),
  DUPLICATE("the same file as an earlier row's"),
  NEAR_DUPLICATE("looks like an earlier row's");

  private final String words;

  Failure(String words) {
    this.words = words;
  }

  /** As a sentence without its end. */
  public String words() {
    return words;
  }

  /** As files have it. */
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether another day may bring the picture. */
  boolean passes() {
    return this == GIVEN_UP || this == CONNECTION || this == SLOW || this == STATUS || this == UNKNOWN_HOST;
  }

  static Failure of(String code) {
    return valueOf(code.toUpperCase(Locale.ROOT));
  }
}
