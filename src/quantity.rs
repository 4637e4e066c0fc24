//! Kubernetes quantities: `512Mi`, `0.5`, `100m`, `1e3`.

/// An amount in thousandths of its unit (bytes, cores), up to nine quadrillions of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i64);

const THOUSAND: i64 = 1000;

impl Quantity {
    /// `units` whole units, below the limit of the type.
    pub const fn whole(units: i64) -> Self {
        Self(units * THOUSAND)
    }

    /// `quarters` quarters of a unit, below the limit of the type.
    pub const fn quarters(quarters: i64) -> Self {
        Self(quarters * (THOUSAND / 4))
    }

    /// Of an amount of bytes, the whole kibibytes in it.
    pub const fn floor_kib(self) -> i64 {
        self.0.div_euclid(THOUSAND * 1024)
    }

    /// The amount in thousandths of a unit.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Reads a quantity as `resource.ParseQuantity` of Kubernetes does: a signed decimal number and a
    /// binary suffix (`Ki` to `Ei`), a decimal one (`n` to `E`) or an exponent (`e3`, `E-3`). What is finer
    /// than a thousandth rounds up. `None` for anything else, and for an amount beyond the type.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, unsigned) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        let end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(end)?;
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if integer.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let (factor, power) = scale(suffix)?;
        // Nine digits of a fraction are finer than a thousandth, and of the largest suffixes than any machine.
        let fraction = fraction.get(..9).unwrap_or(fraction);
        let places = i32::try_from(fraction.len()).ok()?;
        // Put together before anything is rounded, in a type that takes nine digits of an exbibyte.
        let digits: i128 = [integer, fraction].concat().parse().ok()?;
        let amount = shift(
            digits.checked_mul(factor)?,
            power.checked_add(3)?.checked_sub(places)?,
        )?;
        let amount = i64::try_from(amount).ok()?;
        Some(Self(sign * amount))
    }

    /// Returns the quantity of `number` units; `None` beyond the type.
    pub fn of_number(number: f64) -> Option<Self> {
        let thousandths = number * 1000.0;
        let nearest = thousandths.round();
        // A binary number is hardly ever the decimal one that was written.
        let is_near = (thousandths - nearest).abs() < 1e-6;
        let rounded = if is_near { nearest } else { thousandths.ceil() };
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        (rounded.abs() < 9e18).then_some(Self(rounded as i64))
    }

    /// The sum, or `None` beyond the type.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

/// The factor and the power of ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(i128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            (1, exponent.parse::<i16>().ok()?.into())
        }
    })
}

/// `amount` times ten to the `power`, rounded up.
fn shift(amount: i128, power: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    if amount == 0 {
        Some(0)
    } else if power >= 0 {
        amount.checked_mul(factor?)
    } else {
        Some(factor.map_or(1, |factor| {
            amount.div_euclid(factor) + i128::from(amount.rem_euclid(factor) != 0)
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> i64 {
        let Quantity(amount) = Quantity::parse(text).unwrap();
        assert_eq!(amount % THOUSAND, 0, "{text}");
        amount / THOUSAND
    }

    #[test]
    fn reads_what_kubernetes_reads() {
        assert_eq!(bytes("128974848"), 128_974_848);
        assert_eq!(bytes("129e6"), 129_000_000);
        assert_eq!(bytes("129M"), 129_000_000);
        assert_eq!(bytes("123Mi"), 123 << 20);
        assert_eq!(bytes("0.5Gi"), 1 << 29);
        assert_eq!(bytes(".5Ki"), 512);
        assert_eq!(bytes("5."), 5);
        assert_eq!(bytes("+1E3"), 1000);
        assert_eq!(bytes("1P"), 1_000_000_000_000_000);
        assert_eq!(bytes("4Ti"), 1 << 42);
        assert_eq!(bytes("-1Ki"), -1024);
        assert_eq!(Quantity::parse("100m").unwrap(), Quantity(100));
        assert_eq!(
            Quantity::parse("1.2345678901234567Gi").unwrap(),
            Quantity(1_325_607_178_061),
            "nine digits"
        );
        assert_eq!(
            Quantity::parse("0.0000001").unwrap(),
            Quantity(1),
            "rounds up"
        );
        assert_eq!(Quantity::parse("1e-300").unwrap(), Quantity(1), "rounds up");
        assert_eq!(
            Quantity::parse("1.5n").unwrap(),
            Quantity(1),
            "rounds up once"
        );
        assert_eq!(
            bytes("0.123046875Ti"),
            126 << 30,
            "nine digits of a large suffix"
        );
    }

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for (number, thousandths) in [
            (0.07, 70),
            (1.1, 1100),
            (2.0, 2000),
            (-0.5, -500),
            (0.0001, 1),
        ] {
            assert_eq!(
                Quantity::of_number(number),
                Some(Quantity(thousandths)),
                "{number}"
            );
        }
        for number in [1e18, f64::INFINITY, f64::NAN] {
            assert_eq!(Quantity::of_number(number), None, "{number}");
        }
    }

    #[test]
    fn is_none_beyond_all_machines() {
        for text in ["1E", "1Ei", "9999999999999999999", "1e18"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(
            Quantity::whole(i64::MAX / THOUSAND).plus(Quantity::whole(1)),
            None
        );
    }

    #[test]
    fn reads_nothing_else() {
        for text in [
            "", "-", ".", "Gi", "1.2.3", "1 Gi", "1gi", "1KiB", "1e", "1e99999", "0x10", "1e30000",
            "١", "1K",
        ] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[-+]?[0-9.]{0,40}[a-zA-Z0-9-]{0,6}|.*") {
            let _ = Quantity::parse(&text);
        }

        #[test]
        fn suffixes_are_what_they_say(n in 0..1_000_000_i64, places in 0..6_u32) {
            let text = format!("{n}");
            prop_assert_eq!(Quantity::parse(&text), Some(Quantity::whole(n)));
            let kibi = format!("{text}Ki");
            prop_assert_eq!(Quantity::parse(&kibi), Some(Quantity::whole(n * 1024)));
            let exponent = format!("{text}e{places}");
            prop_assert_eq!(Quantity::parse(&exponent), Some(Quantity::whole(n * 10_i64.pow(places))));
        }
    }
}
