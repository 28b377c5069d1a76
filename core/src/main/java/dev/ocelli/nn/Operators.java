package dev.ocelli.nn;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.TensorVector;

/** Operators that libtorch has but its Java API lacks, called through the dispatcher by their schema's name. */
public final class Operators {
  private Operators() {}

  /**
   * One fused step of AdamW (Loshchilov and Hutter 2019) over flat tensors, in place.
   *
   * @param decoupled true for AdamW, false for Adam, whose weight decay joins the gradient (Kingma and Ba 2015)
   * @param steps how many were taken, this one included, as an fp32 scalar a tensor
   * @param divisor of all gradients, an fp32 scalar; null for none
   */
  public static void adam(
      boolean decoupled,
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> firstMoments,
      List<Tensor> secondMoments,
      List<Tensor> steps,
      double rate,
      double beta1,
      double beta2,
      double decay,
      double epsilon,
      Tensor divisor) {
    try (PointerScope scope = new PointerScope()) {
      OperatorHandle operator = Dispatcher.singleton().findSchemaOrThrow(decoupled ? "aten::_fused_adamw_" : "aten::_fused_adam_", "");
      IValueVector stack = new IValueVector();
      // The empty list is max_exp_avg_sqs, of AMSGrad only.
      for (List<Tensor> list : List.of(parameters, gradients, firstMoments, secondMoments, List.<Tensor>of(), steps)) {
        stack.push_back(tensors(list));
      }
      for (double number : new double[] {rate, beta1, beta2, decay, epsilon}) {
        stack.push_back(new IValue(number));
      }
      stack.push_back(new IValue(false)); // amsgrad
      stack.push_back(new IValue(false)); // maximize
      stack.push_back(divisor == null ? new IValue() : new IValue(divisor)); // grad_scale
      stack.push_back(new IValue()); // found_inf
      operator.callBoxed(stack);
    }
  }

  /**
   * A list of tensors as the dispatcher takes it: both list types are one pointer to the same implementation. An IValue of a TensorVector
   * compiles, but is an opaque pointer and aborts the JVM; the element type that the schema could give leaks with each look at it.
   */
  private static IValue tensors(List<Tensor> list) {
    return new IValue(new GenericList(new TensorList(new TensorVector(list.toArray(Tensor[]::new)))));
  }
}
