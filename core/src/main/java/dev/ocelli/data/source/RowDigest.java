package dev.ocelli.data.source;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of all that pairs say, on their way to a sink. */
final class RowDigest implements PairSource.Sink {
  private final PairSource.Sink sink;
  private final MessageDigest digest;

  RowDigest(PairSource.Sink sink) {
    this.sink = sink;
    try {
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  @Override
  public void pair(Pair pair) {
    add(pair.image());
    add(pair.caption());
    add(pair.split());
    add(pair.origin());
    digest.update((byte) '\n');
    sink.pair(pair);
  }

  @Override
  public void conversation(Conversation conversation) {
    add(conversation.image());
    conversation.turns().forEach(turn -> {
      add(turn.question());
      add(turn.answer());
    });
    add(conversation.split());
    digest.update((byte) '\n');
    sink.conversation(conversation);
  }

  /** Ends it. */
  String sha256() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void add(String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
  }
}
