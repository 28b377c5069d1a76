package dev.ocelli.text;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import dev.ocelli.UserError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model's chat template: Jinja as transformers runs it (trim_blocks, lstrip_blocks, loop controls, raise_exception, strftime_now).
 * Messages are data: braces in them aren't interpreted. One template may serve several threads.
 */
public final class ChatTemplate {
  /** Stands for the picture in a user message: two characters of Unicode's private use area, which no text has a use for. */
  public static final String IMAGE = "\uE0F1\uE0F2";

  private static final Pattern CODE = Pattern.compile("\\{#.*?#}|\\{\\{.*?}}|\\{%.*?%}", Pattern.DOTALL);
  private static final Pattern STRING = Pattern.compile("'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"", Pattern.DOTALL);
  private static final Pattern FILTER_OR_TEST = Pattern.compile("\\|\\s*([A-Za-z_]\\w*)|\\bis\\s+(?:not\\s+)?([A-Za-z_]\\w*)");

  private final String jinja;
  private final Map<String, Object> constants = new HashMap<>();
  private final Jinjava engine;

  /**
   * @param jinja the template's text, as in tokenizer_config.json, chat_template.jinja or a GGUF's {@code tokenizer.chat_template}
   * @param specialTokens {@code bos_token}, {@code eos_token} and others that the template names, without null
   */
  public ChatTemplate(String jinja, Map<String, String> specialTokens) {
    // Jinja drops one line end at the end of a template; Jinjava doesn't.
    String whole = jinja.endsWith("\n") ? jinja.substring(0, jinja.length() - 1) : jinja;
    // Nor does it know slices with a step. Qwen3's template reads the conversation backwards.
    this.jinja = whole.replace("[::-1]", "|reverse");
    this.constants.putAll(specialTokens);
    JinjavaConfig config =
        JinjavaConfig.newBuilder()
            .withTrimBlocks(true)
            .withLstripBlocks(true)
            .withNestedInterpretationEnabled(false)
            .withElResolver(new PythonResolver())
            .withDisabled(Map.of(Context.Library.TAG, Set.of("include", "import", "from", "extends")))
            .withLegacyOverrides(
                LegacyOverrides.Builder.from(LegacyOverrides.ALL)
                    .withUsePyishObjectMapper(false)
                    .withUseSnakeCasePropertyNaming(false)
                    .withWhitespaceRequiredWithinTokens(false) // it would take "{%-" for text
                    .build())
            .build();
    this.engine = new Jinjava(config);
    Context global = engine.getGlobalContext();
    global.registerFunction(new ELFunctionDefinition("", "raise_exception", TemplateFunctions.class, "raiseException", Object.class));
    global.registerFunction(new ELFunctionDefinition("", "strftime_now", TemplateFunctions.class, "strftimeNow", String.class));
    global.registerFilter(new TemplateFunctions.ToJson());
    global.registerFilter(new TemplateFunctions.Trim());
    global.registerTag(new TemplateFunctions.Generation());
    refuseUnknown(global);
  }

  /** Jinjava renders nothing, silently, where it doesn't know a filter or a test: the model would see a prompt with holes. */
  private void refuseUnknown(Context global) {
    Matcher code = CODE.matcher(jinja);
    while (code.find()) {
      if (code.group().startsWith("{#")) {
        continue;
      }
      Matcher name = FILTER_OR_TEST.matcher(STRING.matcher(code.group()).replaceAll("''"));
      while (name.find()) {
        boolean known = name.group(1) != null ? global.getFilter(name.group(1)) != null : global.getExpTest(name.group(2)) != null;
        if (!known) {
          throw UserError.of("The chat template uses \"%s\", which Ocelli doesn't know. Give another chat_template.", name.group().strip());
        }
      }
    }
  }

  /** One turn: role "system", "user" or "assistant". */
  public record Message(String role, String content) {}

  /**
   * Renders a conversation.
   *
   * @param addGenerationPrompt whether to end with the opening of the assistant's turn
   */
  public String render(List<Message> messages, boolean addGenerationPrompt) {
    Map<String, Object> bindings = new HashMap<>(constants);
    List<Object> turns = new ArrayList<>();
    for (Message message : messages) {
      Map<String, Object> turn = new LinkedHashMap<>();
      turn.put("role", message.role());
      turn.put("content", message.content());
      turns.add(turn);
    }
    bindings.put("messages", turns);
    bindings.put("add_generation_prompt", addGenerationPrompt);
    bindings.put("tools", null);
    bindings.put("documents", null);
    RenderResult result;
    try {
      result = engine.renderForResult(jinja, bindings);
    } catch (RuntimeException e) {
      throw new UserError("The chat template can't be rendered: " + e.getMessage() + ". Give another chat_template.", e);
    }
    for (TemplateError error : result.getErrors()) {
      if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
        throw refusal(error);
      }
    }
    return result.getOutput();
  }

  /**
   * Renders a conversation with the assistant's turn opened, and splits it where the marker stands.
   *
   * @param marker private-use characters, such as {@link #IMAGE}
   * @param times how often it stands in the messages
   * @return one piece more than {@code times}
   */
  public List<String> split(List<Message> messages, String marker, int times) {
    if (marker.isEmpty() || !marker.codePoints().allMatch(c -> Character.getType(c) == Character.PRIVATE_USE)) {
      throw new IllegalArgumentException("The marker must be made of private-use characters");
    }
    String[] pieces = render(messages, true).split(Pattern.quote(marker), -1);
    if (pieces.length != times + 1) {
      throw UserError.of(
          "The rendered chat has %d places for pictures, but there are %d pictures: choose a chat template that renders each message once.",
          pieces.length - 1, times);
    }
    return List.of(pieces);
  }

  private static UserError refusal(TemplateError error) {
    for (Throwable e = error.getException(); e != null; e = e.getCause()) {
      if (e instanceof TemplateFunctions.Refused) {
        return new UserError("The chat template refuses these messages: " + e.getMessage() + ". Change them, or the chat_template.");
      }
    }
    return UserError.of(
        "The chat template can't be rendered, line %d: %s. Give another chat_template.", error.getLineno(), error.getMessage());
  }
}
