package dev.ocelli.server;

import dev.ocelli.UserError;
import dev.ocelli.image.PictureHeader;
import java.time.Duration;

/**
 * How much the server does at once and for whom it stops.
 *
 * @param batch answers that are written at the same time
 * @param queue requests that wait beside those; more get 429, and so do those that would wait too long for their time
 * @param request time a request has from its first line to its answer, with fetching and queueing
 * @param fetch time that fetching a picture may take
 * @param redirects how many an address may lead through
 * @param body bytes of a request's body
 * @param bodies bytes of all bodies held at the same time
 * @param picture bytes of a picture
 * @param pictures how many a request may have
 * @param unpacked what may be unpacked of a picture
 * @param context tokens of a conversation with its answer
 * @param connections open at the same time
 * @param head time a client has to send the first line and headers of its first request
 * @param idle time between two requests of a connection, and the longest that a client may not read its answer
 */
public record Limits(
    int batch,
    int queue,
    Duration request,
    Duration fetch,
    int redirects,
    int body,
    long bodies,
    int picture,
    int pictures,
    PictureHeader.Limits unpacked,
    int context,
    int connections,
    Duration head,
    Duration idle) {
  private static final int MB = 1 << 20;

  public Limits {
    if (batch < 1 || queue < 0) {
      throw UserError.of("A batch of %d with a queue of %d: the batch must be 1 or more, the queue 0 or more.", batch, queue);
    }
    if (request.isNegative() || request.isZero()) {
      throw UserError.of("The time limit is %d s; it must be above 0.", request.toSeconds());
    }
  }

  public static Limits defaults() {
    return new Limits(
        16, 64, Duration.ofSeconds(25), Duration.ofSeconds(10), 3, 24 * MB, 256L * MB, 16 * MB, 4,
        new PictureHeader.Limits(40_000_000, 1000, 24), 2048, 2048, Duration.ofSeconds(10), Duration.ofSeconds(60));
  }

  /** With another batch, queue and time a request. */
  public Limits with(int batch, int queue, Duration request) {
    return new Limits(
        batch, queue, request, fetch, redirects, body, bodies, picture, pictures, unpacked, context, connections, head, idle);
  }
}
