/**
 * The arguments of a request, put together field by field in the host's byte order.
 *
 * Guarantees: fields lie one behind the other without gaps; numbers wrap to their width.
 */
export class Body {
  private readonly parts: Buffer[] = [];

  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value >>> 0);
    return this.bytes(part);
  }

  u64(value: bigint | number): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
    return this.bytes(part);
  }

  zeros(length: number): this {
    return this.bytes(Buffer.alloc(length));
  }

  /** A name and its NUL. */
  name(name: Buffer): this {
    return this.bytes(name).zeros(1);
  }

  bytes(part: Buffer): this {
    this.parts.push(part);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.parts);
  }
}
