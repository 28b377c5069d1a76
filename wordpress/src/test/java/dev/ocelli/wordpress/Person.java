package dev.ocelli.wordpress;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Somebody who has logged in, without a browser. */
final class Person {
  record Answer(int status, String body) {
    JsonNode json() {
      try {
        return Site.JSON.readTree(body);
      } catch (IOException e) {
        throw new AssertionError(status + ": " + body, e);
      }
    }
  }

  private final Site site;
  private final HttpClient client =
      HttpClient.newBuilder().cookieHandler(new CookieManager()).followRedirects(HttpClient.Redirect.NORMAL).build();
  private final String nonce;

  Person(Site site, String name) {
    this.site = site;
    send(builder("/wp-login.php").GET());
    Answer in =
        send(
            builder("/wp-login.php")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(text("log=" + name + "&pwd=" + name + "-password&testcookie=1&redirect_to=" + encode(site.url() + "/wp-admin/profile.php"))));
    if (!in.body.contains("profile-page")) {
      throw new AssertionError(name + " can't log in: " + in);
    }
    nonce = send(builder("/wp-admin/admin-ajax.php?action=rest-nonce").GET()).body;
  }

  private HttpRequest.Builder builder(String path) {
    return HttpRequest.newBuilder(URI.create(site.url() + path)).timeout(Duration.ofMinutes(3));
  }

  private static HttpRequest.BodyPublisher text(String body) {
    return HttpRequest.BodyPublishers.ofString(body);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private Answer send(HttpRequest.Builder request) {
    try {
      HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Answer page(String path) {
    return send(builder(path).GET());
  }

  Answer form(String path, String body) {
    return send(builder(path).header("Content-Type", "application/x-www-form-urlencoded").POST(text(body)));
  }

  Answer get(String route) {
    return send(builder("/?rest_route=" + route.replace("?", "&")).header("X-WP-Nonce", nonce).GET());
  }

  Answer post(String route, String json) {
    return send(
        builder("/?rest_route=" + route).header("X-WP-Nonce", nonce).header("Content-Type", "application/json").POST(text(json)));
  }

  /** With the cookies, but without the nonce: what another site's page could make a browser do. */
  Answer forged(String route, String json) {
    return send(builder("/?rest_route=" + route).header("Content-Type", "application/json").POST(text(json)));
  }

  /** Uploads a file as the media library's page does. @return its ID */
  int upload(Path file) {
    String page = page("/wp-admin/media-new.php").body;
    Matcher nonceOfPage = Pattern.compile("name=\"_wpnonce\" value=\"([0-9a-f]+)\"").matcher(page);
    if (!nonceOfPage.find()) {
      throw new AssertionError(page);
    }
    String boundary = "----ocelli";
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    try {
      for (String[] field : new String[][] {{"_wpnonce", nonceOfPage.group(1)}, {"name", file.getFileName().toString()}, {"short", "1"}}) {
        form.writeBytes(
            ("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + field[0] + "\"\r\n\r\n" + field[1] + "\r\n").getBytes(StandardCharsets.UTF_8));
      }
      form.writeBytes(
          ("--" + boundary + "\r\nContent-Disposition: form-data; name=\"async-upload\"; filename=\"" + file.getFileName()
                  + "\"\r\nContent-Type: image/png\r\n\r\n")
              .getBytes(StandardCharsets.UTF_8));
      form.writeBytes(Files.readAllBytes(file));
      form.writeBytes(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Answer answer =
        send(
            builder("/wp-admin/async-upload.php")
                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                .POST(HttpRequest.BodyPublishers.ofByteArray(form.toByteArray())));
    if (answer.status != 200 || !answer.body.strip().matches("\\d+")) {
      throw new AssertionError("Not uploaded: " + answer);
    }
    return Integer.parseInt(answer.body.strip());
  }
}
