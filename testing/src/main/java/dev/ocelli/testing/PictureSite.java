package dev.ocelli.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.ocelli.data.Draws;
import dev.ocelli.image.JpegWriter;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Any number of different pictures, each at an address of its own, on many hosts of this machine: 127.0.0.1, 127.0.0.2, ... */
public final class PictureSite implements AutoCloseable {
  private static final int MOST_HOSTS = 200;

  private final ExecutorService threads = Executors.newFixedThreadPool(32);
  private final HttpServer server;
  private final int pictures;
  private final int width;

  /** How often each was asked for. */
  private final AtomicIntegerArray visits;

  /** @param width of a picture in pixels; the height is three quarters of it */
  public PictureSite(int pictures, int width) {
    this.pictures = pictures;
    this.width = width;
    visits = new AtomicIntegerArray(pictures);
    try {
      server = HttpServer.create(new InetSocketAddress("0.0.0.0", 0), 1024);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /** A table as Conceptual Captions has it, of all pictures. */
  public Path table(Path file) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < pictures; i++) {
      lines.add("picture number " + i + " of many\thttp://" + host(i) + "/" + i + ".jpg");
    }
    return Files.write(file, lines);
  }

  private String host(int picture) {
    return "127.0.0." + (1 + picture % Math.min(MOST_HOSTS, pictures)) + ":" + server.getAddress().getPort();
  }

  /** All hosts with their port, with commas between them. */
  public String hosts() {
    List<String> hosts = new ArrayList<>();
    for (int i = 0; i < Math.min(MOST_HOSTS, pictures); i++) {
      hosts.add(host(i));
    }
    return String.join(",", hosts);
  }

  public int visits(int picture) {
    return visits.get(picture);
  }

  /** How many requests for pictures there were. */
  public int visits() {
    int sum = 0;
    for (int i = 0; i < pictures; i++) {
      sum += visits.get(i);
    }
    return sum;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      if (!path.endsWith(".jpg")) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      int number = Integer.parseInt(path.substring(1, path.length() - 4));
      visits.incrementAndGet(number);
      byte[] picture = picture(number);
      exchange.sendResponseHeaders(200, picture.length);
      exchange.getResponseBody().write(picture);
    }
  }

  private byte[] picture(int number) {
    BufferedImage patches = new BufferedImage(8, 6, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 48; i++) {
      patches.setRGB(i % 8, i / 8, (int) Draws.bits(3, "patch", number, i) & 0xFFFFFF);
    }
    BufferedImage picture = new BufferedImage(width, width * 3 / 4, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = picture.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    pen.drawImage(patches, 0, 0, picture.getWidth(), picture.getHeight(), null);
    pen.dispose();
    return JpegWriter.write(picture, 90);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
