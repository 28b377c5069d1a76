// The call that was made, as people would write it themselves: POST /v1/vision with the picture in a file.

/** A JSON text in ASCII, so that no compiler's idea of encodings matters. */
const ascii = (value) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const php = (value) => (typeof value === "string" ? "'" + value.replaceAll("\\", "\\\\").replaceAll("'", "\\'") + "'" : JSON.stringify(value));
const python = (value) => (typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value));

/**
 * @param call {origin, file, token, fields}: token says whether the server needs one; fields are what goes along with the picture
 */
export function snippet(language, { origin, file, token, fields }) {
  const url = origin + "/v1/vision";
  const all = Object.entries(fields);
  switch (language) {
    case "curl":
      return [
        `curl ${url}`,
        ...(token ? [`-H "Authorization: Bearer $OCELLI_TOKEN"`] : []),
        `-F image=@${shell(file)}`,
        ...all.map(([name, value]) => `--form-string ${name}=${shell(String(value))}`),
      ].join(" \\\n  ");
    case "python":
      return `import base64, json, os, urllib.request

with open(${python(file)}, "rb") as f:
    image = base64.b64encode(f.read()).decode()
call = urllib.request.Request(
    ${python(url)},
    data=json.dumps({
        "image": image,
${all.map(([name, value]) => `        ${python(name)}: ${python(value)},\n`).join("")}    }).encode(),
    headers={"Content-Type": "application/json"${token ? `, "Authorization": "Bearer " + os.environ["OCELLI_TOKEN"]` : ""}},
)
with urllib.request.urlopen(call, timeout=30) as answer:
    print(json.load(answer)["text"])
`;
    case "java":
      return `import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

public class Ask {
  public static void main(String[] arguments) throws Exception {
    String image = Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(${ascii(file)})));
    String body = ${JSON.stringify(`{"image": "`)} + image + ${JSON.stringify(`"${all.map(([name, value]) => `, "${name}": ${ascii(value)}`).join("")}}`)};
    HttpRequest call = HttpRequest.newBuilder(URI.create(${ascii(url)}))
        .header("Content-Type", "application/json")${token ? `
        .header("Authorization", "Bearer " + System.getenv("OCELLI_TOKEN"))` : ""}
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
    // {"text": "...", ...}: read it with the JSON library that you have.
    System.out.println(HttpClient.newHttpClient().send(call, HttpResponse.BodyHandlers.ofString()).body());
  }
}
`;
    default:
      return `<?php
$answer = file_get_contents(${php(url)}, false, stream_context_create(['http' => [
    'method' => 'POST',
    'header' => [
        'Content-Type: application/json',${token ? `
        'Authorization: Bearer ' . getenv('OCELLI_TOKEN'),` : ""}
    ],
    'content' => json_encode([
        'image' => base64_encode(file_get_contents(${php(file)})),
${all.map(([name, value]) => `        ${php(name)} => ${php(value)},\n`).join("")}    ]),
    'timeout' => 30,
]]));
echo json_decode($answer)->text, "\\n";
`;
  }
}
