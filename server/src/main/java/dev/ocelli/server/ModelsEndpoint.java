package dev.ocelli.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.handler.codec.http.QueryStringDecoder;

/** {@code GET /v1/models} and {@code GET /v1/models/NAME}: the runs, the default first. */
final class ModelsEndpoint implements Routes.Endpoint {
  static final String PATH = "/v1/models";

  private final Asking asking;

  ModelsEndpoint(Asking asking) {
    this.asking = asking;
  }

  @Override
  public void answer(Exchange exchange, byte[] body) {
    if (exchange.path().equals(PATH)) {
      ObjectNode list = Json.object().put("object", "list");
      var data = list.putArray("data");
      asking.runs().values().forEach(run -> data.add(json(run)));
      exchange.json(200, list);
    } else {
      String name = exchange.path().substring(PATH.length() + 1);
      exchange.json(200, json(asking.run(QueryStringDecoder.decodeComponent(name.replace("+", "%2B")))));
    }
  }

  private static ObjectNode json(ServedRun run) {
    ObjectNode json =
        Json.object().put("id", run.name()).put("object", "model").put("created", run.created()).put("owned_by", "ocelli");
    return json.put("context", run.context());
  }
}
