package dev.ocelli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ocelli.UserError;
import dev.ocelli.text.ChatTemplate.Message;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ChatTemplateTest {
  private static final Map<String, String> SPECIAL = Map.of("bos_token", "<s>", "eos_token", "</s>");
  private static final JsonNode GOLDEN = Goldens.read("chat.json");

  static Stream<Arguments> rendered() {
    List<Arguments> cases = new ArrayList<>();
    GOLDEN.get("rendered").forEach(c -> cases.add(Arguments.of(c.get("template").asText() + "/" + c.get("case").asText(), c)));
    return cases.stream();
  }

  private static ChatTemplate template(String name) {
    return new ChatTemplate(GOLDEN.get("templates").get(name).asText(), SPECIAL);
  }

  private static List<Message> messages(JsonNode golden) {
    List<Message> messages = new ArrayList<>();
    golden.get("messages").forEach(m -> messages.add(new Message(m.get("role").asText(), m.get("content").asText())));
    return messages;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rendered")
  void rendersAsTransformers(String name, JsonNode golden) {
    String text = template(golden.get("template").asText()).render(messages(golden), golden.get("add_generation_prompt").asBoolean());
    assertThat(text).isEqualTo(golden.get("text").asText());
  }

  @Test
  void goldensNoticeADroppedMessageAndAChangedTemplate() {
    for (JsonNode golden : GOLDEN.get("rendered")) {
      if (golden.get("case").asText().equals("turns") && !golden.get("template").asText().equals("generation")) {
        List<Message> fewer = messages(golden).subList(0, 1);
        assertThat(template(golden.get("template").asText()).render(fewer, golden.get("add_generation_prompt").asBoolean()))
            .isNotEqualTo(golden.get("text").asText());
      }
    }
  }

  /** As Qwen3's template does. */
  @Test
  void readsBackwards() {
    String jinja =
        "{% for message in messages[::-1] %}{{ message.content }};{% endfor %}{{ messages[-1].content.split('</think>')[-1].lstrip('\\n') }}";
    List<Message> messages = List.of(new Message("user", "a"), new Message("assistant", "b</think>\n\nc"));
    assertThat(new ChatTemplate(jinja, SPECIAL).render(messages, false)).isEqualTo("b</think>\n\nc;a;c");
    assertThatThrownBy(() -> new ChatTemplate("{{ messages[0].content.split('') }}", SPECIAL).render(messages, false))
        .isInstanceOf(UserError.class);
  }

  @Test
  void splitsWherePicturesStand() {
    ChatTemplate template = template("smollm2");
    List<Message> messages = List.of(new Message("user", ChatTemplate.IMAGE + "\nWhat is {{ it }}?"));
    List<String> pieces = template.split(messages, ChatTemplate.IMAGE, 1);
    assertThat(pieces.get(0)).endsWith("<|im_start|>user\n");
    assertThat(pieces.get(1)).isEqualTo("\nWhat is {{ it }}?<|im_end|>\n<|im_start|>assistant\n");
    List<Message> turns =
        List.of(
            new Message("user", "a" + ChatTemplate.IMAGE), new Message("assistant", "b"),
            new Message("user", ChatTemplate.IMAGE + ChatTemplate.IMAGE));
    assertThat(template.split(turns, ChatTemplate.IMAGE, 3)).hasSize(4).element(2).isEqualTo("");
    assertThat(template.split(List.of(new Message("user", "a")), ChatTemplate.IMAGE, 0))
        .containsExactly(template.render(List.of(new Message("user", "a")), true));
    assertThatThrownBy(() -> template.split(messages, ChatTemplate.IMAGE, 2))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("1 places").hasMessageContaining("2 pictures");
    assertThatThrownBy(() -> template.split(messages, "<image>", 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void tellsRefusalsFromBrokenTemplates() {
    List<Message> twice = List.of(new Message("user", "a"), new Message("user", "b"));
    assertThatThrownBy(() -> template("mistral").render(twice, true))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("Roles must alternate");
    for (String broken :
        List.of("{% for m in messages %}{{ m.role }}", "{% nonsense %}", "{{ messages | nonsense }}",
            "{% if messages is nonsense %}x{% endif %}", "{{ nope() }}")) {
      assertThatThrownBy(() -> new ChatTemplate(broken, SPECIAL).render(twice, true)).as(broken).isInstanceOf(UserError.class);
    }
  }

  @Test
  void templatesCantReachFilesOrJava() {
    List<Message> one = List.of(new Message("user", "a"));
    for (String hostile : List.of("{% include '/etc/passwd' %}", "{{ messages.getClass().forName('java.lang.Runtime') }}")) {
      String out;
      try {
        out = new ChatTemplate(hostile, SPECIAL).render(one, false);
      } catch (UserError e) {
        continue;
      }
      assertThat(out).as(hostile).isBlank();
    }
  }

  @Test
  void writesDatesAsPython() {
    LocalDateTime when = LocalDateTime.of(2024, 7, 6, 15, 4, 5);
    assertThat(TemplateFunctions.strftime("%d %b %Y|%B %-d, %y|%H:%M:%S %I %p|%A %a|%j %%", when))
        .isEqualTo("06 Jul 2024|July 6, 24|15:04:05 03 PM|Saturday Sat|188 %");
    assertThat(new ChatTemplate("{{ strftime_now('%Y') }}", SPECIAL).render(List.of(new Message("user", "a")), false)).hasSize(4);
  }

  @Test
  void drawsPromptsFromTheKeyAlone() {
    PromptPool pool = new PromptPool(List.of("a", "b", "c"));
    assertThat(pool.draw(1, "prompt", 2, 3)).isEqualTo(pool.draw(1, "prompt", 2, 3));
    assertThat(Stream.iterate(0, i -> i + 1).limit(50).map(i -> pool.draw(1, "prompt", 0, i)).distinct()).hasSize(3);
    assertThatThrownBy(() -> new PromptPool(List.of())).isInstanceOf(UserError.class);
  }
}
