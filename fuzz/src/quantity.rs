//! Quantities, and the annotation `k8s.aliyun.com/eci-use-specs`, which consists of them.

use eci_security_context::eci::instance::{memory_kib, use_specs_memory_kib};
use eci_security_context::quantity::Quantity;
use num_bigint::BigUint;

/// Checks that a quantity is read as exact arithmetic reads it, that specifications are read as documented, and that a
/// larger request never gets a smaller instance.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    is_exact(text);
    specs_agree(text);
    let mut amounts: Vec<_> = text
        .split([',', '-', ' '])
        .filter_map(Quantity::parse)
        .collect();
    amounts.truncate(8);
    for &cpu in &amounts {
        is_exact_sum(cpu, cpu);
        for &memory in &amounts {
            is_exact_sum(cpu, memory);
            let Some(kib) = memory_kib(Some(cpu), Some(memory)) else {
                continue;
            };
            assert!(
                i128::from(kib) * 1_024_000 >= i128::from(memory.thousandths()),
                "{kib} KiB do not hold {memory:?}"
            );
            for &less in amounts.iter().filter(|less| **less <= memory) {
                assert!(
                    memory_kib(Some(cpu), Some(less)) <= Some(kib),
                    "{less:?} of {memory:?}"
                );
            }
            for &less in amounts.iter().filter(|less| **less <= cpu) {
                assert!(
                    memory_kib(Some(less), Some(memory)) <= Some(kib),
                    "{less:?} of {cpu:?}"
                );
            }
        }
    }
}

fn is_exact_sum(one: Quantity, other: Quantity) {
    let expected = one.thousandths().checked_add(other.thousandths());
    assert_eq!(one.plus(other).map(Quantity::thousandths), expected);
}

/// The quantity in a text, in thousandths and rounded away from zero.
enum Exact {
    /// The text is not a quantity.
    None,
    /// An amount with a usual number of digits.
    Amount { is_negative: bool, amount: BigUint },
    /// An amount that is too long to compute.
    Huge,
}

fn exact(text: &str) -> Exact {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    if integer.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Exact::None;
    }
    // The policy reads nine digits, too.
    let fraction = fraction.get(..9).unwrap_or(fraction);
    let digits = format!("{integer}{fraction}");
    let (binary, decimal) = match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        exponent => match exponent.strip_prefix(['e', 'E']).map(str::parse::<i64>) {
            Some(Ok(exponent)) if exponent.abs() < 400 => (0, exponent),
            Some(Ok(_) | Err(_)) => return Exact::Huge,
            None => return Exact::None,
        },
    };
    if digits.trim_start_matches('0').len() > 38 {
        return Exact::Huge;
    }
    let power = decimal + 3 - i64::try_from(fraction.len()).expect("a short text");
    let amount = digits.parse::<BigUint>().expect("digits") << binary;
    let factor = BigUint::from(10_u8).pow(u32::try_from(power.abs()).expect("a small power"));
    let amount = if power < 0 {
        (amount + &factor - 1_u8) / factor
    } else {
        amount * factor
    };
    Exact::Amount {
        is_negative,
        amount,
    }
}

fn is_exact(text: &str) {
    let parsed = Quantity::parse(text).map(Quantity::thousandths);
    match exact(text) {
        Exact::Huge => {}
        Exact::None => assert_eq!(parsed, None),
        Exact::Amount {
            is_negative,
            amount,
        } => {
            let expected = i64::try_from(amount)
                .ok()
                .map(|amount| if is_negative { -amount } else { amount });
            assert_eq!(parsed, expected);
        }
    }
}

fn specs_agree(text: &str) {
    let memory = |entry: &str| {
        let (cpu, memory) = entry.trim().split_once('-')?;
        let (cpu, gib) = (
            Quantity::parse(cpu),
            Quantity::parse(memory.strip_suffix("Gi")?),
        );
        let kib = Quantity::parse(memory)?.thousandths().div_euclid(1_024_000);
        cpu.and(gib).map(|_| kib)
    };
    let memories: Vec<_> = text.split(',').map(memory).collect();
    let expected = if memories.contains(&None) {
        None
    } else {
        memories.into_iter().min().flatten()
    };
    assert_eq!(use_specs_memory_kib(text), expected);
}
