package io.netmap4j.project;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReference;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a program can name: the public and protected members of the packages that are exported to
 * all, one on a line, sorted. Parameter names and what the compiler adds are left out.
 */
final class PublicApi {
  private static final int METHOD_MODIFIERS =
      Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC | Modifier.ABSTRACT | Modifier.FINAL;
  private static final int FIELD_MODIFIERS =
      Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC | Modifier.FINAL | Modifier.VOLATILE;

  private final StringBuilder text = new StringBuilder();
  private final Predicate<Class<?>> allowed;
  private final Set<String> forbidden = new TreeSet<>();

  /**
   * @param allowed the types that signatures may mention
   */
  PublicApi(Predicate<Class<?>> allowed) {
    this.allowed = allowed;
  }

  /** The names of the packages that a module exports to all. */
  static Set<String> userPackages(ModuleReference module) {
    return module.descriptor().exports().stream()
        .filter(exports -> !exports.isQualified())
        .map(ModuleDescriptor.Exports::source)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  void add(Collection<ModuleReference> modules) {
    for (ModuleReference module : modules) {
      for (String name : userPackages(module)) {
        text.append("package ").append(name).append("  (module ");
        text.append(module.descriptor().name()).append(")\n\n");
        Modules.classes(module, name).stream()
            .filter(PublicApi::isVisible)
            .sorted(Comparator.comparing(Class::getName))
            .forEach(this::add);
      }
    }
  }

  void add(Class<?> c) {
    text.append(header(c)).append('\n');
    Set<String> members = new TreeSet<>();
    for (Constructor<?> constructor : c.getDeclaredConstructors()) {
      if (isVisible(constructor.getModifiers(), constructor.isSynthetic(), c) && !c.isEnum()) {
        members.add(call(c, constructor, c.getSimpleName()));
      }
    }
    // A superclass that isn't public shows its public members through this class.
    for (Class<?> k = c; k != null && (k == c || !isVisible(k)); k = k.getSuperclass()) {
      for (Field field : k.getDeclaredFields()) {
        if (isVisible(field.getModifiers(), field.isSynthetic(), c)) {
          members.add(
              modifiers(field.getModifiers() & FIELD_MODIFIERS)
                  + name(field.getGenericType(), c, c + " " + field.getName())
                  + " "
                  + field.getName());
        }
      }
      for (Method method : k.getDeclaredMethods()) {
        if (isVisible(method.getModifiers(), method.isSynthetic(), c) && !isImplied(c, method)) {
          String result = name(method.getGenericReturnType(), c, c + " " + method.getName());
          members.add(call(c, method, result + " " + method.getName()));
        }
      }
    }
    members.forEach(member -> text.append("  ").append(member).append('\n'));
    text.append('\n');
  }

  String text() {
    return text.toString();
  }

  /** Where a signature mentions a type that isn't allowed. */
  Set<String> forbidden() {
    return forbidden;
  }

  private String header(Class<?> c) {
    boolean plain = !c.isInterface() && !c.isEnum() && !c.isRecord();
    int kept = Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC;
    kept |= plain ? Modifier.ABSTRACT | Modifier.FINAL : 0;
    StringBuilder line = new StringBuilder(modifiers(c.getModifiers() & kept));
    line.append(c.isSealed() && !c.isEnum() ? "sealed " : "");
    line.append(
        c.isAnnotation()
            ? "@interface "
            : c.isInterface() ? "interface " : c.isEnum() ? "enum " : plain ? "class " : "record ");
    line.append(c.getName().substring(c.getPackageName().length() + 1).replace('$', '.'));
    line.append(parameters(c.getTypeParameters(), c));
    Class<?> parent = c.getSuperclass();
    Type generic = c.getGenericSuperclass();
    while (parent != null && !isVisible(parent)) {
      generic = parent.getGenericSuperclass();
      parent = parent.getSuperclass();
    }
    if (plain && parent != Object.class) {
      line.append(" extends ").append(name(generic, c, c.toString()));
    }
    List<String> interfaces = new ArrayList<>();
    for (Type i : c.getGenericInterfaces()) {
      interfaces.add(name(i, c, c.toString()));
    }
    if (!interfaces.isEmpty()) {
      line.append(c.isInterface() ? " extends " : " implements ");
      line.append(String.join(", ", interfaces));
    }
    return line.toString();
  }

  private String call(Class<?> c, Executable member, String start) {
    String where = c + " " + member.getName();
    String types = parameters(member.getTypeParameters(), c);
    String line = modifiers(member.getModifiers() & METHOD_MODIFIERS);
    line += member instanceof Method method && method.isDefault() ? "default " : "";
    line += types.isEmpty() ? start : types + " " + start;
    String taken = names(member.getGenericParameterTypes(), c, where, "(", ")");
    line += member.isVarArgs() ? taken.replaceFirst("\\[]\\)$", "...)") : taken;
    Type[] thrown = member.getGenericExceptionTypes();
    return thrown.length == 0 ? line : line + names(thrown, c, where, " throws ", "");
  }

  private String parameters(TypeVariable<?>[] variables, Class<?> c) {
    if (variables.length == 0) {
      return "";
    }
    return Stream.of(variables)
        .map(v -> v.getName() + names(v.getBounds(), c, c.toString(), " extends ", ""))
        .map(v -> v.replace(" extends Object", ""))
        .collect(Collectors.joining(", ", "<", ">"));
  }

  private String names(Type[] types, Class<?> c, String where, String before, String after) {
    return Stream.of(types)
        .map(type -> name(type, c, where))
        .collect(Collectors.joining(", ", before, after));
  }

  /** As in source: without java.lang, and without the package of {@code c}. */
  private String name(Type type, Class<?> c, String where) {
    check(type, where);
    return type.getTypeName()
        .replace('$', '.')
        .replaceAll("\\bjava\\.lang\\.(?=[A-Z])", "")
        .replaceAll("(?<![\\w.])" + c.getPackageName().replace(".", "\\.") + "\\.(?=[A-Z])", "");
  }

  private void check(Type type, String where) {
    if (type instanceof Class<?> named) {
      if (named.isArray()) {
        check(named.getComponentType(), where);
      } else if (!named.isPrimitive() && !allowed.test(named)) {
        forbidden.add(where + " mentions " + named.getName());
      }
    } else if (type instanceof ParameterizedType generic) {
      check(generic.getRawType(), where);
      Stream.of(generic.getActualTypeArguments()).forEach(argument -> check(argument, where));
    } else if (type instanceof GenericArrayType array) {
      check(array.getGenericComponentType(), where);
    } else if (type instanceof WildcardType wildcard) {
      Stream.of(wildcard.getUpperBounds()).forEach(bound -> check(bound, where));
      Stream.of(wildcard.getLowerBounds()).forEach(bound -> check(bound, where));
    }
  }

  private static String modifiers(int modifiers) {
    String words = Modifier.toString(modifiers);
    return words.isEmpty() ? "" : words + " ";
  }

  /** Public or protected, as are the classes around it. */
  static boolean isVisible(Class<?> c) {
    for (Class<?> k = c; k != null; k = k.getEnclosingClass()) {
      if ((k.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) == 0
          || k.isAnonymousClass()
          || k.isLocalClass()) {
        return false;
      }
    }
    return true;
  }

  private static boolean isVisible(int modifiers, boolean synthetic, Class<?> c) {
    boolean toSubclasses =
        Modifier.isProtected(modifiers) && !Modifier.isFinal(c.getModifiers()) && !c.isEnum();
    return !synthetic && (Modifier.isPublic(modifiers) || toSubclasses);
  }

  /** Methods that every enum or record has. */
  private static boolean isImplied(Class<?> c, Method method) {
    return switch (method.getName()) {
      case "values", "valueOf" -> c.isEnum();
      case "equals", "hashCode", "toString" -> c.isRecord();
      default -> false;
    };
  }
}
