/** Null ports: {@link io.netmap4j.compat.nullport.NullPorts}. */
package io.netmap4j.compat.nullport;
