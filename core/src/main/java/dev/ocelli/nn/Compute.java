package dev.ocelli.nn;

import dev.ocelli.UserError;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Where and in which type products are computed.
 *
 * @param type bf16, or fp32
 * @param device "cpu", or "cuda" with the libraries that {@code mvn -Pgpu} brings
 */
public record Compute(ScalarType type, String device) {
  public static final Compute BF16 = new Compute(ScalarType.BFloat16, "cpu");
  public static final Compute FP32 = new Compute(ScalarType.Float, "cpu");

  /** @param precision "bf16", "fp32", or "auto": the faster of both on this machine */
  public static Compute of(String precision, String device) {
    if (device.equals("cuda") && !torch.cuda_is_available()) {
      throw new UserError("device is \"cuda\", but libtorch sees no GPU. Build with mvn -Pgpu on a machine with CUDA, or set device: cpu.");
    }
    if (!device.equals("cuda") && !device.equals("cpu")) {
      throw UserError.of("device is \"%s\"; it can be cpu or cuda.", device);
    }
    ScalarType type =
        switch (precision) {
          case "bf16" -> ScalarType.BFloat16;
          case "fp32" -> ScalarType.Float;
          case "auto" -> device.equals("cuda") ? ScalarType.BFloat16 : FasterType.ON_THIS_CPU;
          default -> throw UserError.of("precision is \"%s\"; it can be auto, bf16 or fp32.", precision);
        };
    return new Compute(type, device);
  }

  /** "bf16" or "fp32". */
  public String precision() {
    return type == ScalarType.Float ? "fp32" : "bf16";
  }

  /** The tensor on this device, in its own type; itself where it is there already. */
  public Tensor place(Tensor tensor) {
    return device.equals("cpu") ? tensor : tensor.to(new Device(device), tensor.scalar_type());
  }

  /** The tensor on this device in the compute type. */
  public Tensor cast(Tensor tensor) {
    return place(tensor).to(type);
  }
}
