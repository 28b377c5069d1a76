package dev.ocelli.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.ocelli.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The one door to DJL's binding of Hugging Face's tokenizers. Two of its habits are switched off here, for whoever uses Ocelli as a
 * library too, unless the user has set the variable or property of the same name:
 *
 * <ul>
 *   <li>{@code OPT_OUT_TRACKING=true}: DJL otherwise calls out with the machine's cloud identity at first use ({@code
 *       ai.djl.util.Ec2Utils.callHome}, which reads the environment and then the system property).
 *   <li>{@code RUST_FLAVOR=cpu}: on a machine with an NVIDIA GPU DJL otherwise downloads a CUDA build of the library. The CPU build lies
 *       in DJL's jar and is only unpacked, to {@code DJL_CACHE_DIR} or {@code ~/.djl.ai}; no network is needed.
 * </ul>
 */
final class NativeTokenizers {
  private NativeTokenizers() {}

  /**
   * Loads the text of a tokenizer.json; the result neither pads nor truncates, whatever the text says.
   *
   * @param source what to name in an error
   */
  static HuggingFaceTokenizer load(String json, String source) {
    unlessSet("OPT_OUT_TRACKING", "true");
    unlessSet("RUST_FLAVOR", "cpu");
    try {
      return HuggingFaceTokenizer.newInstance(
          new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
          Map.of("padding", "do_not_pad", "truncation", "do_not_truncate"));
    } catch (EngineException | IllegalStateException | LinkageError e) {
      throw UserError.of(
          "Can't load the tokenizer library: %s. Set DJL_CACHE_DIR to a folder that can be written to (it's unpacked there).",
          innermost(e));
    } catch (IOException | RuntimeException e) {
      throw new UserError("Can't read " + source + " as a tokenizer.json: " + innermost(e) + ". Fetch or export it anew.", e);
    }
  }

  private static void unlessSet(String name, String value) {
    if (System.getenv(name) == null && System.getProperty(name) == null) {
      System.setProperty(name, value);
    }
  }

  private static String innermost(Throwable e) {
    while (e.getCause() != null) {
      e = e.getCause();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
