package dev.ocelli.server;

import dev.ocelli.net.FetchError;
import dev.ocelli.net.WebAddress;
import dev.ocelli.net.WebClient;
import dev.ocelli.net.WebReply;

/** Fetches a picture by its address, each redirect checked as the address was. Blocks; called by threads that may wait. */
final class ImageFetcher {
  private final WebClient client;
  private final Limits limits;

  ImageFetcher(WebClient client, Limits limits) {
    this.client = client;
    this.limits = limits;
  }

  /**
   * The bytes at an address.
   *
   * @param deadline by {@link System#nanoTime()}
   * @throws ApiError where it isn't allowed, fails, is too large or takes too long
   */
  byte[] fetch(String address, long deadline) {
    long until = Math.min(deadline, System.nanoTime() + limits.fetch().toNanos());
    WebClient.Request request = new WebClient.Request("ocelli", "image/*", limits.picture(), until);
    try {
      WebAddress target = WebAddress.of(address);
      for (int hops = 0; hops <= limits.redirects(); hops++) {
        WebReply reply = client.get(target, request);
        if (reply.status() == 200) {
          return reply.body();
        }
        if (reply.location() == null) {
          throw unreachable("The picture's address answers with status " + reply.status() + ".");
        }
        target = target.redirected(reply.location());
      }
    } catch (FetchError e) {
      throw shown(e);
    }
    throw unreachable("The picture's address leads through more than " + limits.redirects() + " redirects.");
  }

  private ApiError shown(FetchError e) {
    return switch (e.kind()) {
      case ADDRESS -> refused(e.getMessage());
      case PORT -> refused(e.getMessage() + " but for hosts that the server's --image-hosts names");
      case PRIVATE -> refused(e.getMessage() + "; the server's --image-hosts can allow its host");
      case UNKNOWN_HOST -> unreachable("The host of the picture's address isn't known.");
      case TOO_LARGE -> ApiError.invalid(400, "image_too_large", "The picture is larger than " + (limits.picture() >> 20) + " MB.");
      case TOO_SLOW -> unreachable("The picture didn't come in time.");
      case STOPPED -> ApiError.unavailable("stopping", 5, "The server is stopping.");
      case CONNECTION, REDIRECTS -> unreachable("The picture can't be fetched from its address.");
    };
  }

  private static ApiError refused(String why) {
    return ApiError.invalid(400, "image_address_refused", "The picture's address " + why + ".");
  }

  private static ApiError unreachable(String why) {
    return ApiError.invalid(400, "image_unreachable", why);
  }
}
