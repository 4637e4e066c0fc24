//! Amounts, from Docker's spelling to Kubernetes'.

/// A size in bytes, as Docker reads it: `512m`, `1.5g`, `64 KiB`; every unit is a power of 1024. Without a unit
/// it is bytes. What is left of a byte is cut off.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let said = || "a size is a number and a unit: b, k, m, g, t or p".to_owned();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).ok_or_else(said)?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let shift = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        "p" | "pb" | "pib" => 50,
        _ => return Err(said()),
    };
    let (units, nanos) = decimal(number).ok_or_else(said)?;
    let whole = u128::from(units) << shift;
    let part = (u128::from(nanos) << shift) / NANO;
    u64::try_from(whole + part)
        .ok()
        .filter(|bytes| i64::try_from(*bytes).is_ok())
        .ok_or_else(said)
}

/// Bytes as a quantity: in the largest binary unit that tells them exactly.
pub(super) fn quantity(bytes: u64) -> String {
    for (unit, shift) in [("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// CPUs as a quantity, rounded up to thousandths, which is as fine as Kubernetes counts; and whether they were
/// rounded. `None` for no CPU at all, by which Docker means no limit.
pub(super) fn cpus(text: &str) -> Result<Option<(String, bool)>, String> {
    let (units, nanos) = decimal(text)
        .ok_or("CPUs are a decimal number with at most nine decimals, as 1.5".to_owned())?;
    let milli = nanos.div_ceil(1_000_000);
    let rounded = nanos % 1_000_000 != 0;
    let (units, milli) = if milli == 1000 {
        (units.saturating_add(1), 0)
    } else {
        (units, milli)
    };
    Ok(match (units, milli) {
        (0, 0) => None,
        (_, 0) => Some((units.to_string(), rounded)),
        _ => Some((
            format!("{units}.{milli:03}")
                .trim_end_matches('0')
                .to_owned(),
            rounded,
        )),
    })
}

const NANO: u128 = 1_000_000_000;

/// A decimal number as its whole part and its billionths.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || part.len() > 9 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    Some((whole, format!("{part:0<9}").parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may panic"
    )]
    use super::*;

    #[test]
    fn dockers_units_are_binary() {
        for (docker, kubernetes) in [
            ("512m", "512Mi"),
            ("512M", "512Mi"),
            ("512mb", "512Mi"),
            ("512MiB", "512Mi"),
            ("1g", "1Gi"),
            ("1.5g", "1536Mi"),
            ("1024m", "1Gi"),
            ("64 k", "64Ki"),
            ("100", "100"),
            ("100b", "100"),
            ("2048", "2Ki"),
            ("1.5k", "1536"),
            ("0.1k", "102"),
            ("2t", "2Ti"),
            ("0", "0"),
        ] {
            assert_eq!(quantity(bytes(docker).unwrap()), kubernetes, "{docker}");
        }
        for refused in [
            "",
            "m",
            "-1",
            "1x",
            "1mm",
            "1..2m",
            "1m ",
            "0x10",
            "９m",
            "9999999p",
            "99999999999999999999",
        ] {
            assert!(bytes(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn cpus_are_decimal() {
        for (docker, kubernetes) in [
            ("1.5", Some(("1.5", false))),
            (".5", Some(("0.5", false))),
            ("2", Some(("2", false))),
            ("2.", Some(("2", false))),
            ("0.250", Some(("0.25", false))),
            ("0.001", Some(("0.001", false))),
            ("0.0001", Some(("0.001", true))),
            ("1.9999", Some(("2", true))),
            ("0", None),
            ("0.000", None),
        ] {
            assert_eq!(
                cpus(docker).unwrap(),
                kubernetes.map(|(text, rounded)| (text.to_owned(), rounded))
            );
        }
        for refused in ["", ".", "-1", "1e1", "half", "1.1234567890"] {
            assert!(cpus(refused).is_err(), "{refused}");
        }
    }
}
