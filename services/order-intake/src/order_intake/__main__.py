from shared.main import main

from order_intake.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
