package dev.ocelli.data;

import dev.ocelli.AtomicFile;
import dev.ocelli.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A text file in UTF-8, streamed: bytes that aren't UTF-8 are refused with their line, and a byte order mark is passed over. */
public final class Utf8Reader extends Reader {
  private final Path file;
  private final InputStream in;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
  private final ByteBuffer bytes = ByteBuffer.allocate(1 << 16).flip();
  private final CharBuffer chars = CharBuffer.allocate(1 << 16).flip();
  private final MessageDigest digest;
  private long line = 1;
  private boolean ended;
  private boolean begun;

  public Utf8Reader(Path file) {
    this.file = file;
    try {
      this.in = Files.newInputStream(file);
      this.digest = MessageDigest.getInstance("SHA-256");
    } catch (IOException e) {
      throw new UserError("Can't read " + file + ": " + AtomicFile.reason(e) + ".", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  @Override
  public int read(char[] buffer, int offset, int length) throws IOException {
    while (!chars.hasRemaining()) {
      if (ended && !bytes.hasRemaining()) {
        return -1;
      }
      decode();
    }
    int n = Math.min(length, chars.remaining());
    chars.get(buffer, offset, n);
    return n;
  }

  private void decode() throws IOException {
    if (!ended) {
      fill();
    }
    chars.clear();
    CoderResult result = decoder.decode(bytes, chars, ended);
    chars.flip();
    for (int i = 0; i < chars.limit(); i++) {
      line += chars.get(i) == '\n' ? 1 : 0;
    }
    if (result.isError()) {
      throw UserError.of("%s, row %d: byte 0x%02X isn't UTF-8. Save the file as UTF-8.", file, line, bytes.get(bytes.position()));
    }
    if (!begun && chars.hasRemaining()) {
      begun = true;
      chars.position(chars.get(0) == '\uFEFF' ? 1 : 0);
    }
  }

  /** SHA-256 of the bytes, once all are read. */
  public String sha256() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void fill() throws IOException {
    bytes.compact();
    int n = in.read(bytes.array(), bytes.position(), bytes.remaining());
    if (n < 0) {
      ended = true;
    } else {
      digest.update(bytes.array(), bytes.position(), n);
      bytes.position(bytes.position() + n);
    }
    bytes.flip();
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
