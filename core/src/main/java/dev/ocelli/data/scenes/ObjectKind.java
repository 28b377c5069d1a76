package dev.ocelli.data.scenes;

import java.awt.geom.Rectangle2D;
import java.util.Locale;
import java.util.function.Consumer;

/** What can be in a scene: geometric shapes, and pictograms drawn by the code. */
public enum ObjectKind {
  CIRCLE(Category.SHAPE, Shapes::circle),
  SQUARE(Category.SHAPE, Shapes::square),
  TRIANGLE(Category.SHAPE, Shapes::triangle),
  STAR(Category.SHAPE, Shapes::star),
  HEART(Category.SHAPE, Shapes::heart),
  DIAMOND(Category.SHAPE, Shapes::diamond),
  CROSS(Category.SHAPE, Shapes::cross),
  RING(Category.SHAPE, Shapes::ring),
  CRESCENT(Category.SHAPE, Shapes::crescent),
  CAT(Category.ANIMAL, Animals::cat),
  DOG(Category.ANIMAL, Animals::dog),
  FISH(Category.ANIMAL, Animals::fish),
  RABBIT(Category.ANIMAL, Animals::rabbit),
  TURTLE(Category.ANIMAL, Animals::turtle),
  BUTTERFLY(Category.ANIMAL, Animals::butterfly),
  SNAIL(Category.ANIMAL, Animals::snail),
  ELEPHANT(Category.ANIMAL, Animals::elephant),
  DUCK(Category.ANIMAL, Animals::duck),
  OWL(Category.ANIMAL, Animals::owl),
  WHALE(Category.ANIMAL, Animals::whale),
  CAR(Category.VEHICLE, Vehicles::car),
  BUS(Category.VEHICLE, Vehicles::bus),
  TRUCK(Category.VEHICLE, Vehicles::truck),
  BOAT(Category.VEHICLE, Vehicles::boat),
  PLANE(Category.VEHICLE, Vehicles::plane),
  TRAIN(Category.VEHICLE, Vehicles::train),
  BICYCLE(Category.VEHICLE, Vehicles::bicycle),
  ROCKET(Category.VEHICLE, Vehicles::rocket),
  BALLOON(Category.VEHICLE, Vehicles::balloon),
  HELICOPTER(Category.VEHICLE, Vehicles::helicopter),
  APPLE(Category.FRUIT, Fruit::apple),
  BANANA(Category.FRUIT, Fruit::banana),
  PEAR(Category.FRUIT, Fruit::pear),
  CHERRY(Category.FRUIT, Fruit::cherry),
  STRAWBERRY(Category.FRUIT, Fruit::strawberry),
  PINEAPPLE(Category.FRUIT, Fruit::pineapple),
  WATERMELON(Category.FRUIT, Fruit::watermelon),
  CHAIR(Category.HOUSEHOLD, Household::chair),
  TABLE(Category.HOUSEHOLD, Household::table),
  LAMP(Category.HOUSEHOLD, Household::lamp),
  CUP(Category.HOUSEHOLD, Household::cup),
  CLOCK(Category.HOUSEHOLD, Household::clock),
  KEY(Category.HOUSEHOLD, Household::key),
  UMBRELLA(Category.HOUSEHOLD, Household::umbrella),
  BED(Category.HOUSEHOLD, Household::bed),
  TEAPOT(Category.HOUSEHOLD, Household::teapot),
  BOTTLE(Category.HOUSEHOLD, Household::bottle),
  BOOK(Category.HOUSEHOLD, Household::book),
  LADDER(Category.HOUSEHOLD, Household::ladder);

  /** What kind of thing an object is. */
  public enum Category {
    SHAPE,
    ANIMAL,
    VEHICLE,
    FRUIT,
    HOUSEHOLD;

    /** In the files that describe scenes. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Category category;
  private final Consumer<Pen> drawing;
  private final Rectangle2D extent;

  ObjectKind(Category category, Consumer<Pen> drawing) {
    this.category = category;
    this.drawing = drawing;
    Pen ruler = new Pen(null, Colour.GREY, Pattern.PLAIN);
    drawing.accept(ruler);
    this.extent = ruler.extent();
  }

  public Category category() {
    return category;
  }

  /** As captions name one. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** As captions name several. */
  public String plural() {
    return switch (this) {
      case FISH -> "fish";
      case BUS -> "buses";
      case CROSS -> "crosses";
      case BUTTERFLY, CHERRY, STRAWBERRY -> word().substring(0, word().length() - 1) + "ies";
      default -> word() + "s";
    };
  }

  /** The smallest upright rectangle around the drawing, in the pen's units. */
  Rectangle2D extent() {
    return extent;
  }

  void draw(Pen pen) {
    drawing.accept(pen);
  }
}
