package dev.ocelli.model;

import dev.ocelli.AtomicFile;
import dev.ocelli.Progress;
import dev.ocelli.UserError;
import dev.ocelli.image.ImageReader;
import dev.ocelli.nn.Compute;
import dev.ocelli.nn.Tensors;
import dev.ocelli.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Writes what an encoder sees in photos into one safetensors file, for other programs. */
public record FeatureFile(Pretrained.Vision vision, Compute compute, Progress progress) {
  /**
   * One tensor {@code [tokens, hidden]} a photo, named by its file name. All are in memory until the file is written.
   *
   * @return the shape of each
   */
  public long[] write(List<Path> photos, Path out) {
    FeatureBuilder builder = new FeatureBuilder(vision, compute, progress, () -> false);
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    try (Progress.Task task = progress.start("features", photos.size(), "photos")) {
      for (Path photo : photos) {
        entries.add(see(builder, photo));
        task.advance(1);
      }
    }
    SafetensorsWriter.write(
        out,
        entries,
        Map.of(
            "format", "pt",
            "encoder", vision.identity().name(),
            "weights_sha256", vision.identity().sha256(),
            "preprocessing", vision.preprocessing().fingerprint()));
    return entries.get(0).shape();
  }

  private static SafetensorsWriter.Entry see(FeatureBuilder builder, Path photo) {
    byte[] file;
    try {
      file = Files.readAllBytes(photo);
    } catch (IOException e) {
      throw new UserError("Can't read " + photo + ": " + AtomicFile.reason(e) + ".", e);
    }
    try (Tensor seen = builder.see(ImageReader.read(file, photo.toString()));
        Tensor plain = seen.cpu().contiguous()) {
      ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(plain.nbytes())).order(ByteOrder.LITTLE_ENDIAN);
      bytes.put(Tensors.memory(plain)).flip();
      long[] shape = {plain.size(1), plain.size(2)};
      return new SafetensorsWriter.Entry(photo.getFileName().toString(), Tensors.fileType(plain), shape, bytes::duplicate);
    }
  }
}
