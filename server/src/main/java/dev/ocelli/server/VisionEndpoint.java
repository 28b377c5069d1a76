package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ocelli.text.ChatPrompt;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.multipart.Attribute;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.FileUpload;
import io.netty.handler.codec.http.multipart.HttpPostMultipartRequestDecoder;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * {@code POST /v1/vision}: one picture and one question, one answer. JSON, whatever the content type says, with the picture as {@code image_url}
 * or {@code image} (base64); or a multipart form with the picture as the file {@code image}.
 */
final class VisionEndpoint implements Routes.Endpoint {
  private static final int MOST_PARTS = 32;
  private static final int MOST_FIELD_BYTES = 8192;

  /** @param image null where the fields name it */
  private record Form(Fields fields, byte[] image) {}

  private final Asking asking;

  VisionEndpoint(Asking asking) {
    this.asking = asking;
  }

  @Override
  public void answer(Exchange exchange, byte[] body) {
    String type = exchange.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    boolean multipart = type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data") && !Json.begins(body);
    Form form = multipart ? form(type, body) : new Form(new Fields(Json.read(body)), null);
    Fields fields = form.fields;
    String adapter = fields.text("adapter", null);
    ServedRun run = asking.run(adapter);
    String asked = fields.text("prompt", "");
    String prompt = asked.isBlank() ? run.question() : asked;
    Supplier<byte[]> image = image(exchange, form);
    asking.ask(
        exchange, run, fields, List.of(new ChatPrompt.Turn("user", prompt, 1)), List.of(image),
        new Answer.Listener() {
          private final StringBuilder text = new StringBuilder();

          @Override
          public void piece(String piece) {
            text.append(piece);
          }

          @Override
          public void end(Answer answer, Answer.Finish finish) {
            String said = text.toString().strip();
            asking.note(exchange, answer, finish, said);
            ObjectNode json = Json.object().put("text", said).put("model", run.name());
            json.put("finish", finish.name().toLowerCase(Locale.ROOT));
            json.set("tokens", Asking.tokens(answer));
            json.set("timings", Asking.timings(answer));
            if (adapter == null) {
              asking.runs().keySet().forEach(json.putArray("adapters")::add);
            }
            exchange.json(200, json);
          }

          @Override
          public void fail(ApiError error) {
            exchange.fail(error);
          }
        });
  }

  private Supplier<byte[]> image(Exchange exchange, Form form) {
    int given = (form.image != null ? 1 : 0) + (form.fields.has("image") ? 1 : 0) + (form.fields.has("image_url") ? 1 : 0);
    if (given != 1) {
      throw ApiError.field("image_url", "Give one picture: image_url, or image in base64, or a multipart file named image.");
    }
    if (form.image != null) {
      return () -> form.image;
    }
    Pictures pictures = asking.pictures();
    String data = form.fields.text("image", null);
    String address = form.fields.text("image_url", null);
    return data != null ? () -> pictures.base64(data) : () -> pictures.at(address, asking.deadline(exchange));
  }

  private static Form form(String type, byte[] body) {
    DefaultFullHttpRequest request =
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/", Unpooled.wrappedBuffer(body));
    request.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
    HttpPostMultipartRequestDecoder decoder = null;
    try {
      decoder =
          new HttpPostMultipartRequestDecoder(
              new DefaultHttpDataFactory(false), request, StandardCharsets.UTF_8, MOST_PARTS, MOST_FIELD_BYTES);
      ObjectNode fields = Json.object();
      byte[] image = null;
      for (InterfaceHttpData part : decoder.getBodyHttpDatas()) {
        if (part instanceof FileUpload file && file.getName().equals("image")) {
          image = file.get();
        } else if (part instanceof Attribute attribute) {
          fields.put(attribute.getName(), attribute.getValue());
        }
      }
      return new Form(new Fields(fields), image);
    } catch (RuntimeException | IOException e) {
      // The decoder meets what it doesn't expect with all kinds of exceptions.
      throw ApiError.invalid(400, "invalid_form", "The multipart form can't be read.");
    } finally {
      if (decoder != null) {
        decoder.destroy();
      }
    }
  }
}
